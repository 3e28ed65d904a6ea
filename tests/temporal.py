"""A real Temporal server for the tests, and a worker that starts and stops in the test's own process."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from worker import client as door
from worker.converter import CONVERTER

SCRIPTS = Path(sys.executable).parent
LEVELS = "MultiStepApprovalWorkflow"
SINGLE = "ApprovalWorkflow"
QUEUE = "leitstand"
LONG = 60.0
"""Seconds in which whatever a test waits for surely has happened, on a busy machine too."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(true: Callable[[], Any], seconds: float = LONG, what: str = "") -> Any:
    """Wait for a condition, and give what it gave."""
    end = time.monotonic() + seconds
    while True:
        if found := true():
            return found
        assert time.monotonic() < end, f"did not happen within {seconds:g} s: {what or true}"
        time.sleep(0.02)


def patience_of(events: Iterable[Any]) -> dict[str, tuple[int, int, int]]:
    """Of the activities in a history, by name: seconds that each may take, seconds to its next beat, and tries."""
    found = [each.activity_task_scheduled_event_attributes for each in events]
    return {
        each.activity_type.name: (
            each.start_to_close_timeout.seconds, each.heartbeat_timeout.seconds, each.retry_policy.maximum_attempts
        )
        for each in found
    }  # fmt: skip


def run(call: Coroutine[Any, Any, Any], seconds: float = LONG) -> Any:
    """Run a coroutine on the loop of the product's client, and wait for it here."""
    return door.on_loop(call, seconds)


# --- the server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def temporal_server() -> Iterator[str]:
    with server() as address:
        yield address


@contextmanager
def server() -> Iterator[str]:
    """A development server in memory, at TEMPORAL_ADDRESS for as long as it lasts."""
    address = f"127.0.0.1:{free_port()}"
    command = [SCRIPTS / "temporal", "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    command += ["--port", address.rpartition(":")[2], "--log-level", "error"]
    for queue in ("transfer", "visibility", "timer"):  # a deletion waits for these, 30 s by default
        command += ["--dynamic-config-value", f'history.{queue}ProcessorUpdateAckInterval="1s"']
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = os.environ.get("TEMPORAL_ADDRESS")
    os.environ["TEMPORAL_ADDRESS"] = address
    door.forget()
    try:
        until(_knows_its_namespace, what="the Temporal server answers")
        yield address
    finally:
        process.terminate()
        process.wait(20)
        _restore("TEMPORAL_ADDRESS", before)
        door.forget()


def _restore(name: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before


def _knows_its_namespace() -> bool:
    try:
        door.describe("nobody")
    except door.NotFound:
        return True
    except door.ClientError:
        return False
    return True


# --- the worker -------------------------------------------------------------------------------------------------


class InProcess:
    """Something that runs on an event loop in a thread of its own until it is stopped."""

    def __init__(self, main: Callable[[asyncio.Event, Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
        self._main = main
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread:
            return
        up = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=[up], name="worker", daemon=True)
        self._thread.start()
        assert up.wait(LONG)
        if self._failed:
            raise self._failed

    def _run(self, up: threading.Event) -> None:
        async def main() -> None:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            await self._main(self._over, up.set)

        try:
            asyncio.run(main())
        except BaseException as failed:
            self._failed = failed
            up.set()

    def stop(self) -> None:
        if self._thread is None:
            return
        with suppress(RuntimeError):  # it has ended by itself, and why is raised below
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(LONG)
        assert not self._thread.is_alive(), "the worker did not end"
        self._thread = None
        if self._failed:
            raise self._failed


def decisions_worker(connected: Client) -> Any:
    """The product's worker for decisions."""
    from worker import queues

    return queues.worker(connected, queues.all_queues()[0], "tests")


async def serve(over: asyncio.Event, up: Callable[[], None]) -> None:
    """The product's workers, for decisions and for work."""
    from worker import queues

    connected = await door.connect(patient=True)
    async with AsyncExitStack() as stack:
        for queue in queues.all_queues():
            await stack.enter_async_context(queues.worker(connected, queue, "tests"))
        up()
        await over.wait()


@pytest.fixture(scope="session")
def _worker(temporal_server: str) -> Iterator[InProcess]:
    worker = InProcess(serve)
    yield worker
    worker.stop()


# --- what a test uses -------------------------------------------------------------------------------------------


class House:
    """Temporal as a program sees it, and the worker, up or down. Workflows that a test leaves open are ended."""

    def __init__(self, connected: Client, worker: InProcess, run: Callable[..., Any] = run) -> None:
        self.client = connected
        self.worker = worker
        self.run = run
        self.started: list[WorkflowHandle[Any, Any]] = []

    def start(self, *args: Any, workflow: str = LEVELS, id: str = "", **more: Any) -> WorkflowHandle[Any, Any]:
        given = {"args": list(args), "id": id or f"program-{uuid.uuid4()}", "task_queue": QUEUE, **more}
        handle = self.run(self.client.start_workflow(workflow, **given))
        self.started.append(handle)
        return handle

    def signal(self, handle: WorkflowHandle[Any, Any], name: str, *args: Any) -> None:
        self.run(handle.signal(name, args=list(args)))

    def start_raw(self, *payloads: Payload, workflow: str = LEVELS) -> WorkflowHandle[Any, Any]:
        """Start a workflow with these payloads as they are, past every converter."""
        id = f"program-{uuid.uuid4()}"
        given = StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id=id,
            workflow_type=WorkflowType(name=workflow),
            task_queue=TaskQueue(name=QUEUE),
            input=Payloads(payloads=payloads),
            request_id=id,
        )
        self.run(self.client.workflow_service.start_workflow_execution(given))
        self.started.append(self.client.get_workflow_handle(id))
        return self.started[-1]

    def signal_raw(self, handle: WorkflowHandle[Any, Any], name: str, *payloads: Payload) -> None:
        given = SignalWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
            signal_name=name,
            input=Payloads(payloads=payloads),
        )
        self.run(self.client.workflow_service.signal_workflow_execution(given))

    def ask(self, handle: WorkflowHandle[Any, Any], name: str, *args: Any) -> Any:
        return self.run(handle.query(name, args=list(args)))

    def result(self, handle: WorkflowHandle[Any, Any]) -> Any:
        return self.run(handle.result())

    def waits(self, handle: WorkflowHandle[Any, Any], status: str = "waiting", step: int = 0) -> dict[str, Any]:
        """Until the workflow is in this status, at this step; what it tells then."""
        query = "get_status" if "single" in handle.id else "get_approval_status"

        def there() -> dict[str, Any] | None:
            told = self.ask(handle, query)
            return told if (told["status"], told["current_step"]) == (status, step) else None

        return until(there, what=f"{handle.id} is {status} at {step}")

    def settled(self, handle: WorkflowHandle[Any, Any], decision_id: str) -> dict[str, Any]:
        """Until this decision is applied or refused; what became of it."""

        def there() -> dict[str, Any] | None:
            told = self.ask(handle, "get_decision", decision_id)
            return told if told["state"] in ("applied", "refused") else None

        return until(there, what=f"{decision_id} is settled")

    def end(self) -> None:
        """End what is still open, so that nothing of it writes into the next test."""
        from approvals.models import Request

        ids = {handle.id for handle in self.started} | set(Request.objects.values_list("workflow_id", flat=True))
        for id in ids:
            try:
                self.run(self.client.get_workflow_handle(id).terminate("the test is over"))
            except RPCError:
                pass  # it has ended by itself


@pytest.fixture(scope="session")
def _skipping() -> Iterator["House"]:
    """A server whose clock jumps while somebody waits for a result, and the product's worker beside it."""
    environment = run(
        WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(SCRIPTS / "temporal-test-server"), data_converter=CONVERTER
        )
    )

    async def serve(over: asyncio.Event, up: Callable[[], None]) -> None:
        async with decisions_worker(environment.client):
            up()
            await over.wait()

    worker = InProcess(serve)
    worker.start()
    made = House(environment.client, worker)
    made.sleep = lambda seconds: run(environment.sleep(seconds))  # type: ignore[attr-defined]
    yield made
    worker.stop()
    run(environment.shutdown())


@pytest.fixture
def skipping(transactional_db: None, _skipping: House) -> Iterator[House]:
    """As ``house``; but waiting for a result costs no time, and ``sleep`` moves the clock."""
    yield _skipping
    _skipping.end()


@pytest.fixture
def house(transactional_db: None, _worker: InProcess) -> Iterator[House]:
    """A worker is up; ``house.worker.stop()`` and ``.start()`` change that."""
    _worker.start()
    made = House(run(Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=CONVERTER)), _worker)
    yield made
    made.end()
    _worker.start()
