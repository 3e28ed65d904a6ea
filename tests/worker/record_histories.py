"""Records the histories that tests/worker/test_replay.py replays. Run by hand, from the root of the repository:

    python -m tests.worker.record_histories [NAME …]

A new way of a workflow gets a history beside the old ones; an old one is recorded anew only when no workflow that was
started under the old code can be open any more.
"""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError

FOLDER = Path(__file__).parent / "histories"
LAPTOPS = {"title": "Laptops", "amount": 20_000, "requester": "rita"}


def scrubbed(value: Any) -> Any:
    """Without who and where it was recorded."""
    if isinstance(value, dict):
        named = {"identity": "somebody", "stackTrace": ""}
        return {key: named.get(key, scrubbed(each)) for key, each in value.items()}
    return [scrubbed(each) for each in value] if isinstance(value, list) else value


def approved(house: Any) -> Any:
    handle = house.start({**LAPTOPS, "action": {"name": "record", "args": {"text": "bought"}}})
    _approve_both(house, handle)
    return handle


def _approve_both(house: Any, handle: Any) -> None:
    house.waits(handle)
    house.signal(handle, "approve_step", "janitor", "maria", "no such level")
    house.signal(handle, "approve_step", "manager", "maria", "fine")
    house.waits(handle, step=1)
    house.signal(handle, "approve_step", "director", "dirk")


def rejected(house: Any) -> Any:
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "reject_step", "manager", "too dear", "maria")
    return handle


def timed_out(house: Any) -> Any:
    return house.start({**LAPTOPS, "level_timeout_seconds": 1})


def withdrawn(house: Any) -> Any:
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.signal(handle, "withdraw", "rita", "not needed")
    return handle


def action_retried(house: Any) -> Any:
    handle = house.start({**LAPTOPS, "action": {"name": "fails_once"}})
    _approve_both(house, handle)
    house.waits(handle, "action_failed", 2)
    house.signal(handle, "retry_action", "maria")
    return handle


def action_given_up(house: Any) -> Any:
    handle = house.start({**LAPTOPS, "action": {"name": "always_fails"}})
    _approve_both(house, handle)
    house.waits(handle, "action_failed", 2)
    house.signal(handle, "give_up", "maria", "elsewhere")
    return handle


def invalid(house: Any) -> Any:
    return house.start({"title": "", "amount": -5})


def drained(house: Any) -> Any:
    """Signals before the start, in one batch with the decision, and while it closes."""
    handle = house.start({**LAPTOPS, "amount": 5}, start_signal="approve_step", start_signal_args=["manager", "maria"])
    house.waits(handle)
    for number in range(5):
        house.signal(handle, "approve_step", "manager", "maria", "", f"batch-{number}")

    def late() -> None:
        try:
            for number in range(30):
                house.signal(handle, "approve_step", "manager", "dirk", "", f"late-{number}")
        except Exception as closed:
            print(closed)

    threading.Thread(target=late).start()
    return handle


def cancelled(house: Any) -> Any:
    handle = house.start(LAPTOPS)
    house.waits(handle)
    house.run(handle.cancel())
    return handle


def single(house: Any) -> Any:
    handle = house.start({"title": "Laptops", "level": "manager"}, workflow="ApprovalWorkflow", id="single")
    house.waits(handle)
    house.signal(handle, "approve", "maria", "fine")
    return handle


def circuit(house: Any) -> Any:
    """All the way round, an override, rubbish, a trial; then ended from outside, with a last word written."""
    handle = house.start("payments", {"timeout_seconds": 0.5}, workflow="CircuitBreakerWorkflow", id="circuit-payments")
    house.signal(handle, "record", {"failed": 5, "caller": "w", "seq": 1, "sample": "503"})
    _until_half_open(house, handle)
    for owner in ("a", "b"):
        lease = house.run(handle.execute_update("acquire_probe", args=[owner]))["lease_id"]
        house.signal(handle, "record", {"ok": 1, "caller": "w", "lease_id": lease})
    house.signal(handle, "record", "rubbish")
    house.signal(handle, "force_open", "they move house", "olga", 1)
    _until_half_open(house, handle)
    house.signal(handle, "reset", "olga", "done")
    house.run(handle.cancel())
    return handle


ITEMS = {"title": "Orders", "job": "echo", "source": {"items": [1, 2, 3, 4, 5]}, "chunk_size": 2}


def _batch(house: Any, id: str, **more: Any) -> Any:
    return house.start({**ITEMS, **more}, workflow="BatchWorkflow", id=id)


def _until(house: Any, handle: Any, state: str) -> None:
    from tests.temporal import until

    until(lambda: house.ask(handle, "get_progress")["state"] == state)


def batch(house: Any) -> Any:
    """Paused above its tolerance, retuned, its failed items run again, resumed; with rubbish."""
    more = {"job": "fails_first", "item_attempts": 1, "max_parallel": 1, "on_tolerance": "pause"}
    handle = _batch(house, "batch-steered", **more)
    _until(house, handle, "paused")
    house.signal(handle, "set_limits", "rubbish")
    pace = {"kind": "token_bucket", "limit": 2, "per_seconds": 0.5}
    house.signal(handle, "set_limits", {"max_parallel": 2, "pace": pace})
    house.signal(handle, "retry_failed", "olga")
    house.signal(handle, "resume", "olga")
    return handle


def batch_cancelled(house: Any) -> Any:
    pace = {"kind": "token_bucket", "limit": 1, "per_seconds": 3_600}
    handle = _batch(house, "batch-cancelled", pace=pace, window="rolling")
    _until(house, handle, "running")
    house.signal(handle, "pause", "olga", "a look")
    _until(house, handle, "paused")
    house.run(handle.cancel())
    return handle


def batch_ordered(house: Any) -> Any:
    """Orders of people: that count, that come second, twice, for nothing, and when it is ending."""
    pace = {"kind": "token_bucket", "limit": 1, "per_seconds": 3_600}
    handle = _batch(house, "batch-ordered", pace=pace)
    _until(house, handle, "running")
    house.signal(handle, "pause", "olga", "a look", "1", 0)
    house.signal(handle, "cancel", "otto", "the wrong file", "2", 0)
    house.signal(handle, "pause", "olga", "a look", "1", 0)
    house.signal(handle, "pause", "otto", "me too", "3", 1)
    limits = {"max_parallel": 2, "actor": "olga", "reason": "they asked", "order_id": "4", "shown": 1}
    house.signal(handle, "set_limits", limits)
    house.signal(handle, "retry_failed", "olga", "", 0, "", "5", 2)
    _until(house, handle, "paused")
    house.signal(handle, "resume", "olga", "", "6", 2)
    house.signal(handle, "resume", "otto", "", "7", 3)
    house.signal(handle, "cancel", "olga", "the wrong file", "8", 3)
    house.signal(handle, "pause", "otto", "wait", "9")
    return handle


def batch_ordered_unbegun(house: Any) -> Any:
    """Ordered before its items were counted, and never begun."""
    house.worker.stop()
    handle = _batch(house, "batch-unbegun", job="shout")
    house.signal(handle, "pause", "olga", "a look", "1", 0)
    house.worker.start()
    return handle


def batch_uncounted(house: Any) -> Any:
    """Cancelled before its items were counted."""
    house.worker.stop()
    handle = _batch(house, "batch-uncounted")
    house.signal(handle, "cancel", "olga", "the wrong file", "1", 0)
    house.worker.start()
    return handle


def batch_of_service(house: Any) -> Any:
    """It waits for a budget, is paused in between, meets an open circuit, and a budget that was raised."""
    from django.utils import timezone

    from circuits.models import Circuit, Service

    Service.objects.create(name="shop", budget_calls=2, budget_seconds=2)
    handle = _batch(house, "batch-of-service", service="shop", max_parallel=2, source={"items": list(range(8))})
    _until_it_waits(house, handle, "budget")
    house.signal(handle, "pause", "olga", "a look")
    _until(house, handle, "paused")
    now = timezone.now()
    circuit = Circuit.objects.create(service="shop", state="forced_open", written_at=now)
    house.signal(handle, "resume", "olga")
    _until_it_waits(house, handle, "circuit")
    circuit.delete()
    Service.objects.filter(name="shop").update(budget_calls=100)
    return handle


def batch_held(house: Any) -> Any:
    """Past an open circuit a rung serves what it can, and the rest is held; then the job serves all of it."""
    from django.utils import timezone

    from circuits.models import Circuit, Service
    from tests.temporal import until

    Service.objects.create(name="till")
    circuit = Circuit.objects.create(service="till", state="forced_open", written_at=timezone.now())
    rung = {"name": "by hand", "job": "order", "job_args": {"seconds": 0}, "attempts": 1}
    items = [{"n": n, **({"fails": "pay"} if n > 5 else {})} for n in range(8)]
    about = {"service": "till", "fallbacks": [rung], "on_open": "hold", "source": {"items": items}, "max_parallel": 2}
    handle = _batch(house, "batch-held", **about)
    until(lambda: (told := house.ask(handle, "get_progress"))["held"] == 2 and told["degraded"] == 6)
    house.signal(handle, "redo_degraded", "olga")
    until(lambda: house.ask(handle, "get_progress")["interventions"] == 1)
    circuit.delete()
    return handle


def _until_it_waits(house: Any, handle: Any, cause: str) -> None:
    from tests.temporal import until

    until(lambda: house.ask(handle, "get_progress").get("waits", {}).get("cause") == cause)


def batch_failed(house: Any) -> Any:
    return _batch(house, "batch-failed", job="always_fails_item", item_attempts=1)


def batch_invalid(house: Any) -> Any:
    return _batch(house, "batch-invalid", chunk_size=0)


def batch_continued(house: Any) -> Any:
    """The last of several runs: begun with what the one before knew."""
    items = list(range(1_300))
    handle = _batch(house, "batch-continued", source={"items": items}, chunk_size=1, max_parallel=50)
    house.run(handle.result(), 300)
    return house.client.get_workflow_handle(handle.id)


def batch_children(house: Any) -> Any:
    """It pauses above its tolerance, and what failed is run again. Children have its id, which is this file's name."""
    more = {"job": "fails_first", "item_attempts": 1, "max_parallel": 1, "on_tolerance": "pause"}
    handle = _batch(house, "batch_children", strategy="child_per_chunk", **more)
    _until(house, handle, "paused")
    house.signal(handle, "retry_failed", "olga")
    house.signal(handle, "resume", "olga")
    return handle


def batch_child(house: Any) -> Any:
    """The first child of such a batch."""
    _batch(house, "batch-of-child", strategy="child_per_chunk")
    house.run(house.client.get_workflow_handle("batch-of-child").result(), 60)
    return house.client.get_workflow_handle("batch-of-child-chunk-0")


def batch_children_left(house: Any) -> Any:
    """Not waited for: all have begun when it ends."""
    spec = {"strategy": "child_per_item", "parent_close_policy": "abandon", "wait": False}
    return _batch(house, "batch_children_left", **spec)


def batch_together(house: Any) -> Any:
    """Of a quick job: several chunks are one errand, once one of them is known to be short."""
    handle = _batch(house, "batch-together", source={"items": list(range(120))}, max_parallel=24)
    house.run(handle.result(), 60)
    return house.client.get_workflow_handle(handle.id)


def _mapreduce(house: Any, id: str, number: int, *args: Any) -> Any:
    given = [{"value": n} for n in range(number)]
    return house.start(given, "map_values", "reduce_values", *args, workflow="MapReduceWorkflow", id=id)


def mapreduce(house: Any) -> Any:
    """A tree of three levels; one of its items is no number."""
    given: list[Any] = [{"value": n} for n in range(19)]
    args = ["map_values", "reduce_values", 3, 2, {"fan_in": 2, "title": "Sums"}]
    return house.start([*given, {}], *args, workflow="MapReduceWorkflow", id="mapreduce")


def mapreduce_cancelled(house: Any) -> Any:
    """Paused before its items were counted, then cancelled."""
    house.worker.stop()
    handle = _mapreduce(house, "mapreduce-cancelled", 10, 1)
    house.signal(handle, "pause", "olga", "a look", "1", 0)
    house.worker.start()
    _until(house, handle, "paused")
    house.signal(handle, "cancel", "olga", "the wrong file", "2")
    return handle


def mapreduce_invalid(house: Any) -> Any:
    return _mapreduce(house, "mapreduce-invalid", 1, 0)


def mapreduce_continued(house: Any) -> Any:
    """The last of several runs."""
    handle = _mapreduce(house, "mapreduce-continued", 1_300, 1, 50)
    house.run(handle.result(), 300)
    return house.client.get_workflow_handle(handle.id)


def _dataset(house: Any, id: str, **spec: Any) -> Any:
    given = {"loader": "numbers", "loader_args": {"count": 100}, "processor": "sum", **spec}
    return house.start(given, workflow="DatasetWorkflow", id=id)


def dataset(house: Any) -> Any:
    return _dataset(house, "dataset")


def dataset_told(house: Any) -> Any:
    """Each step is written down."""
    return _dataset(house, "dataset-told")


def dataset_told_cancelled(house: Any) -> Any:
    handle = _dataset(house, "dataset-told-cancelled", loader_args={"count": 500_000_000})
    _until_loading(house, handle)
    house.run(handle.cancel())
    return handle


def _until_loading(house: Any, handle: Any) -> None:
    from batches.models import DataSet
    from tests.temporal import until

    until(lambda: DataSet.objects.filter(workflow_id=handle.id).exists())


def dataset_failed(house: Any) -> Any:
    return _dataset(house, "dataset-failed", processor="nobody")


def dataset_cancelled(house: Any) -> Any:
    """Before anybody had begun to load it."""
    house.worker.stop()
    handle = _dataset(house, "dataset-cancelled")
    house.run(handle.cancel())
    house.worker.start()
    return handle


def _scheduled(house: Any, id: str, **spec: Any) -> Any:
    """The run of a schedule over a file of five lines."""
    from django.conf import settings
    from django.contrib.auth.models import User

    from batches.models import Schedule

    folder = Path(settings.DATA_DIR) / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.csv").write_text("n\n1\n2\n3\n4\n5\n")
    olga = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("olga")
    given = {"job": "echo", "chunk_size": 2, **spec}
    facts = {"folder": str(folder), "pattern": "orders.csv", "format": "csv", "cron": "30 2 * * *", "zone": "UTC"}
    row = Schedule.objects.create(title="Orders", spec=given, user=olga, requester="olga", **facts)
    return house.start({"schedule": str(row.uuid)}, workflow="ScheduledBatchWorkflow", id=id)


def _told_of_its_end(handle: Any) -> Any:
    """By the chore that each worker does every second."""
    from batches.clock import running
    from tests.temporal import until

    until(running.tell_ended)
    return handle


def scheduled(house: Any) -> Any:
    return _told_of_its_end(_scheduled(house, "scheduled"))


def scheduled_cancelled(house: Any) -> Any:
    """It cancels its batch, and waits for it."""
    from batches.models import Batch
    from tests.temporal import until

    handle = _scheduled(house, "scheduled-cancelled", pace={"kind": "token_bucket", "limit": 1, "per_seconds": 3_600})
    until(lambda: Batch.objects.filter(state="running", known="system").exists())
    house.run(handle.cancel())
    return _told_of_its_end(handle)


def scheduled_unknown(house: Any) -> Any:
    """Nothing is known of its schedule, so nothing is begun."""
    return house.start("rubbish", workflow="ScheduledBatchWorkflow", id="scheduled-unknown")


def _until_half_open(house: Any, handle: Any) -> None:
    from tests.temporal import until

    until(lambda: house.ask(handle, "get_state")["state"] == "half_open")


WAYS: list[Callable[[Any], Any]] = [
    *[
        approved,
        rejected,
        timed_out,
        withdrawn,
        action_retried,
        action_given_up,
        invalid,
        drained,
        cancelled,
        single,
        circuit,
        batch,
        batch_cancelled,
        batch_ordered,
        batch_ordered_unbegun,
        batch_uncounted,
        batch_of_service,
        batch_held,
        batch_failed,
        batch_invalid,
        batch_continued,
        batch_together,
        batch_children,
        batch_child,
        batch_children_left,
        mapreduce,
        mapreduce_cancelled,
        mapreduce_invalid,
        mapreduce_continued,
        dataset,
        dataset_failed,
        dataset_cancelled,
        dataset_told,
        dataset_told_cancelled,
        scheduled,
        scheduled_cancelled,
        scheduled_unknown,
    ]
]


def main() -> None:
    os.environ |= {"LEITSTAND_DATA": tempfile.mkdtemp(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.core.management import call_command
    from temporalio.client import Client

    from tests import temporal
    from tests.conftest import person
    from worker.converter import CONVERTER

    call_command("migrate", verbosity=0)
    for username, level in (("maria", "manager"), ("dirk", "director")):
        person(username, level)
    _actions()
    with temporal.server() as address:
        worker = temporal.InProcess(temporal.serve)
        worker.start()
        connected = temporal.run(Client.connect(address, data_converter=CONVERTER))
        _record(temporal.House(connected, worker))
        worker.stop()


def _actions() -> None:
    from worker.registry import BadArguments, actions

    left = [BadArguments("the shop is closed")]

    @actions.register("fails_once")
    def fails_once() -> str:
        if left:
            raise left.pop()
        return "ordered"

    @actions.register("always_fails")
    def always_fails() -> None:
        raise BadArguments("the shop is closed")

    _jobs()


def _jobs() -> None:
    from worker.jobs import job

    left = [1, 2]

    @job("fails_first")
    def fails_first(item: int) -> int:
        if item in left:
            left.remove(item)
            raise ValueError(f"order {item} was refused")
        return item

    @job("always_fails_item")
    def always_fails_item(item: int) -> int:
        raise ValueError(f"order {item} was refused")


def _record(house: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    for way in WAYS:
        if sys.argv[1:] and way.__name__ not in sys.argv[1:]:
            continue
        handle = way(house)
        with suppress(WorkflowFailureError):  # some end as cancelled
            house.result(handle)
        history = json.loads(house.run(handle.fetch_history()).to_json())
        (FOLDER / f"{way.__name__}.json").write_text(json.dumps(scrubbed(history), separators=(",", ":")) + "\n")
        print(way.__name__, len(history["events"]), "events")


if __name__ == "__main__":
    main()
    os._exit(0)
