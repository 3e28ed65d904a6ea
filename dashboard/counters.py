"""The counters of /metrics: what the ledger is told is counted with it, by whichever process writes it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from approvals.models import OPEN, Attempt, Status
from audit.models import Entry
from batches.models import Order as BatchOrder
from circuits.models import LimitOrder, Order
from live.counting import count, totals
from worker.payloads import sizes

Found = tuple[str, dict[str, str]]
Rule = Callable[[Entry], Found | None]


def count_entry(entry: Entry) -> None:
    """Called with each new entry of the ledger, in its transaction: a counter says what the ledger says."""
    rules = _RULES.get(entry.kind, ())
    for name, labels in filter(None, (rule(entry) for rule in rules)):
        count(name, 1, **labels)


# --- what is counted of which entry ------------------------------------------------------------------------------


def _always(name: str, **labels: str) -> Rule:
    return lambda _entry: (name, labels)


def _of_a_program(entry: Entry) -> Found | None:
    """What a program asks is in the ledger with its opening; or with its end, where it was not valid."""
    return ("requests_submitted", {"known_by": "program"}) if "title" in entry.data else None


def _closed(entry: Entry) -> Found:
    return "requests_closed", {"status": _known(entry, "status", Status.values)}


def _decided(entry: Entry) -> Found:
    known_by = "signed_in" if entry.known == "signed_in" else "program"
    return "decisions", {"verdict": _known(entry, "verdict", Attempt.Verdict.values), "known_by": known_by}


def _refused(entry: Entry) -> Found:
    code = entry.data.get("code")
    return "refusals", {"code": code if isinstance(code, str) and code else "other"}


def _known(entry: Entry, key: str, values: list[Any]) -> str:
    """A label has the values that we know: whatever else an entry may hold is "other"."""
    value = entry.data.get(key)
    return str(value) if value in values else "other"


_RULES: dict[str, tuple[Rule, ...]] = {
    "request.submitted": (_always("requests_submitted", known_by="signed_in"),),
    "request.opened": (_of_a_program,),
    "request.closed": (_closed, _of_a_program),
    "request.ended_outside": (_closed, _always("mended", how="ended_outside")),
    "request.mended": (_always("mended", how="mended"),),
    "request.recreated": (_always("mended", how="recreated"),),
    "decision.applied": (_decided,),
    "decision.refused": (_refused,),
    "level.opened": (_always("levels_opened"),),
    "level.timeout": (_always("levels_timed_out"),),
    "action.done": (_always("actions", result="done"),),
    "action.failed": (_always("actions", result="failed"),),
}

# --- how it is shown ---------------------------------------------------------------------------------------------

_CLOSED = [status.value for status in Status if status not in OPEN]
_KINDS: dict[str, tuple[str, list[dict[str, str]]]] = {
    "requests_submitted": (
        "Requests for approval, by who asked: somebody signed in, or a program.",
        [{"known_by": "signed_in"}, {"known_by": "program"}],
    ),
    "requests_closed": ("Requests closed, by how they ended.", [{"status": status} for status in _CLOSED]),
    "decisions": (
        "Decisions that counted, by verdict and how the person is known.",
        [{"verdict": v, "known_by": k} for v in Attempt.Verdict.values for k in ("signed_in", "program")],
    ),
    "refusals": ("Decisions that did not count, by the code of the reason.", []),
    "levels_opened": ("Levels that began to wait.", [{}]),
    "levels_timed_out": ("Levels at which nobody decided in time.", [{}]),
    "reminders": ("Levels of which those who could decide were reminded.", [{}]),
    "actions": ("Approved actions, by what came of a run of them.", [{"result": "done"}, {"result": "failed"}]),
    "circuit_orders": (
        "Orders given to circuits, by action and what came of them.",
        [{"action": action, "outcome": "applied"} for action in Order.Action.values],
    ),
    "batch_orders": (
        "Orders given to batches, by action and what came of them.",
        [{"action": action, "outcome": "applied"} for action in BatchOrder.Action.values],
    ),
    "limit_orders": (
        "Orders given to the limits of queues, by action and what came of them.",
        [{"action": action, "outcome": "applied"} for action in LimitOrder.Action.values],
    ),
    "mended": ("Rows of the index that the reconciler put right, by how.", []),
    "batches_closed": (
        "Batches closed, by how they ended.",
        [{"status": status} for status in ("completed", "failed", "cancelled", "invalid")],
    ),
    "batch_items": (
        "Items of closed batches, by what became of them.",
        [{"outcome": outcome} for outcome in ("succeeded", "degraded", "failed")],
    ),
    "payloads_packed": ("Payloads that were packed before they went to Temporal.", [{}]),
    "payload_packing_bytes": (
        "Bytes of the payloads that were packed, before and after.",
        [{"side": "before"}, {"side": "after"}],
    ),
    "payloads_outside": (
        "Payloads kept outside Temporal, stored and read.",
        [{"direction": "stored"}, {"direction": "read"}],
    ),
    "payload_storage_bytes": (
        "Bytes of the payloads kept outside Temporal, stored and read.",
        [{"direction": "stored"}, {"direction": "read"}],
    ),
    "payload_storage_failures": (
        "Payloads that could not be stored outside Temporal or read from there, by cause.",
        [
            {"direction": direction, "cause": cause}
            for direction, causes in (("store", ("full", "denied", "away")), ("read", ("missing", "damaged", "away")))
            for cause in causes
        ],
    ),
    "mail": ("Letters, by what came of them.", [{"result": r} for r in ("sent", "failed", "dropped")]),
    "webhooks": ("Webhook deliveries, by what came of them.", [{"result": r} for r in ("delivered", "failed")]),
}


def counters() -> Iterator[Metric]:
    """One family for each name that was ever counted, and for those that will be, which begin at 0."""
    sizes.hand_on()  # of this process; workers hand theirs on by themselves
    found = totals()
    for name in sorted({*_KINDS, *found}):
        words, known = _KINDS.get(name, (f"{name.replace('_', ' ').capitalize()}, counted.", []))
        numbers = {json.dumps(labels, sort_keys=True): 0 for labels in known} | found.get(name, {})
        yield from _families(name, words, numbers)


def _families(name: str, words: str, numbers: dict[str, int]) -> Iterator[Metric]:
    if not numbers:
        return
    given = [(json.loads(labels), number) for labels, number in sorted(numbers.items())]
    names = sorted({key for labels, _number in given for key in labels})
    family = CounterMetricFamily(f"leitstand_{name}", words, labels=names)
    for labels, number in given:
        family.add_metric([labels.get(key, "") for key in names], number)
    yield family
