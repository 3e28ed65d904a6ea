"""What a MapReduce tells beside what a batch tells, and what it returns. Pure."""

from typing import Any

from temporalio.exceptions import ActivityError, TimeoutError, TimeoutType

from worker import batch_telling
from worker.batch_contract import ParsedSpec
from worker.batch_wire import Gathered
from worker.mapreduce_contract import ATTEMPTS, MapReduceSpec
from worker.mapreduce_counting import MapReduce
from worker.mapreduce_wire import Reduced

KIND = "mapreduce"
ENDINGS = (batch_telling.COMPLETED, batch_telling.FAILED, batch_telling.CANCELLED)


def told(batch: MapReduce) -> dict[str, Any]:
    """The phase, and how far the tree is. ``levels`` counts all of them; ``level`` 0: the maps have not ended."""
    tree = batch.tree
    return {
        "kind": KIND,
        "phase": "reduce" if tree.level else "map",
        "map": batch.state.plan.job,
        "reduce": batch.whole.reduce,
        "reducing": {
            "level": tree.level,
            "levels": batch.levels,
            "groups": tree.groups,
            "done": tree.done,
            "running": len(batch.groups),
            "fan_in": batch.whole.fan_in,
            "over": tree.over,
        },
    }


def told_unbegun(parsed: ParsedSpec) -> dict[str, Any]:
    spec = parsed.spec
    reduce = spec.reduce if isinstance(spec, MapReduceSpec) else ""
    return {"kind": KIND, "phase": "map", "map": spec.job if spec else "", "reduce": reduce}


def result_of(batch: MapReduce, reduced: Reduced) -> dict[str, Any]:
    """As a batch has it, and with the value; what the workflow returns is made of this."""
    whole = batch_telling.result_of(batch, Gathered(reduced.results, reduced.failed_items))
    return {**whole, "value": reduced.value}


def returned(result: dict[str, Any]) -> Any:
    """The value alone where there is one; else why not, or where it lies, as an object with a status."""
    if result["status"] == batch_telling.COMPLETED and result["results"] is None:
        return result["value"]
    return {name: each for name, each in result.items() if name != "value"}


def as_batch(returned: Any, total: int, failed: int) -> dict[str, Any]:
    """What was returned, as ``result_of`` had it: where the value alone is known, with the numbers known beside."""
    status = returned.get("status") if isinstance(returned, dict) else None
    if isinstance(returned, dict) and status in ENDINGS and {"batch", "not_run"} <= returned.keys():
        return {**returned, "value": None}
    if status == batch_telling.INVALID:
        return dict(returned)
    numbers = {"total": total, "successful": total - failed, "degraded": 0, "failed": failed, "not_run": 0}
    return {"status": batch_telling.COMPLETED, **numbers, "results": None, "reason": "", "value": returned}


def cause_of(error: BaseException, seconds: float) -> str:
    """Why an activity failed for good, in words; "" for one that was cancelled."""
    cause = error.cause if isinstance(error, ActivityError) else None
    if isinstance(cause, TimeoutError):
        if cause.type == TimeoutType.HEARTBEAT:
            return f"Its worker died or hung while it ran, {ATTEMPTS} times."
        return f"It took longer than {seconds / 60:g} minutes, {ATTEMPTS} times."
    return str(getattr(cause, "message", cause) or "It failed without a word.")
