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
