"""One function per activity, with its name, types, timeout and retry, so that a workflow reads as prose."""

from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

from worker.circuit_contract import CircuitNews
from worker.clock_wire import BeginRun, BegunRun, StopRun
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
from worker.traffic import Lane, Tally

T = TypeVar("T")

# Recording never gives up: with the database away, the workflow waits and nothing is lost.
RECORDING = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
# An action gets three tries by itself; then a person decides about a fourth.
ACTION = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=3)

# Traffic goes on by itself, and its tries are far apart enough to cost nothing where a worker cannot run it.
STEADY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10))
WORK_QUEUE = "leitstand-work"


async def record(name: str, given: Any, gives: type[T]) -> T:
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
    return await record("open_request", given, Opened)


async def open_level(given: OpenLevel) -> None:
    await record("open_level", given, bool)


async def record_claims(given: RecordClaims) -> Recorded:
    return await record("record_claims", given, Recorded)


async def expire_level(given: ExpireLevel) -> Expired:
    return await record("expire_level", given, Expired)


async def action_ended(given: ActionEnded) -> None:
    await record("action_ended", given, bool)


async def close_request(given: CloseRequest) -> None:
    await record("close_request", given, bool)


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
    await record("record_circuit", given, bool)


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


async def traffic_lane(given: Lane) -> Tally:
    """On the queue for work. A worker that dies is noticed within seconds, and another takes the lane."""
    tally: Tally = await workflow.execute_activity(
        "traffic_lane",
        given,
        result_type=Tally,
        task_queue=WORK_QUEUE,
        start_to_close_timeout=timedelta(seconds=given.seconds + 60),
        heartbeat_timeout=timedelta(seconds=6),
        retry_policy=STEADY,
    )
    return tally


async def begin_scheduled(given: BeginRun) -> BegunRun:
    """Reads the whole file, so on the queue for work, before its chunks. A dead worker is noticed by its heartbeat."""
    begun: BegunRun = await workflow.execute_activity(
        "begin_scheduled",
        given,
        result_type=BegunRun,
        task_queue=WORK_QUEUE,
        priority=Priority(priority_key=1),
        start_to_close_timeout=timedelta(hours=6),
        heartbeat_timeout=timedelta(seconds=10),
        retry_policy=RECORDING,
    )
    return begun


async def stop_scheduled(given: StopRun) -> None:
    await record("stop_scheduled", given, bool)
