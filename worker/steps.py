"""One function per activity, with its name, types, timeout and retry, so that a workflow reads as prose."""

from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from worker.circuit_contract import CircuitNews
from worker.contracts import (
    ActionEnded,
    CloseRequest,
    Expired,
    ExpireLevel,
    Opened,
    OpenLevel,
    OpenRequest,
    RecordClaims,
    Recorded,
    RunAction,
)

T = TypeVar("T")

# Recording never gives up: with the database away, the workflow waits and nothing is lost.
RECORDING = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
# An action gets three tries by itself; then a person decides about a fourth.
ACTION = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=3)


async def _record(name: str, given: Any, gives: type[T]) -> T:
    done: T = await workflow.execute_activity(
        name,
        given,
        result_type=gives,
        start_to_close_timeout=timedelta(seconds=60),
        heartbeat_timeout=timedelta(seconds=5),
        retry_policy=RECORDING,
    )
    return done


async def open_request(given: OpenRequest) -> Opened:
    return await _record("open_request", given, Opened)


async def open_level(given: OpenLevel) -> None:
    await _record("open_level", given, bool)


async def record_claims(given: RecordClaims) -> Recorded:
    return await _record("record_claims", given, Recorded)


async def expire_level(given: ExpireLevel) -> Expired:
    return await _record("expire_level", given, Expired)


async def action_ended(given: ActionEnded) -> None:
    await _record("action_ended", given, bool)


async def close_request(given: CloseRequest) -> None:
    await _record("close_request", given, bool)


async def run_action(given: RunAction) -> Any:
    """The approved action, half an hour at most a try; a worker that dies is noticed by its heartbeat."""
    return await workflow.execute_activity(
        "run_action",
        given,
        start_to_close_timeout=timedelta(minutes=30),
        heartbeat_timeout=timedelta(seconds=20),
        retry_policy=ACTION,
    )


async def record_circuit(given: CircuitNews) -> None:
    await _record("record_circuit", given, bool)


async def reconcile() -> dict[str, int]:
    """Once: what it cannot do now is the next run's."""
    found: dict[str, int] = await workflow.execute_activity(
        "reconcile",
        result_type=dict[str, int],
        start_to_close_timeout=timedelta(minutes=5),
        heartbeat_timeout=timedelta(seconds=10),
        retry_policy=RetryPolicy(maximum_attempts=1),
    )
    return found
