"""The worker process: patient with Temporal, telling of itself, ending in two stages."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from dashboard.up import ports
from dashboard.up.child import Child
from tests.up.running import ROOT, alive, surroundings, until
from worker import apart, queues
from worker.lines import NamesTheRun
from worker.ticking import Ticking

pytestmark = pytest.mark.timeout(180)

BINARY = str(Path(sys.executable).parent / "temporal")


@pytest.fixture
def address():
    return f"127.0.0.1:{ports.any_free()}"


@pytest.fixture
def temporal(address, tmp_path):
    command = [BINARY, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]
    server = Child(
        "Temporal", [*command, "--port", address.split(":")[1]], surroundings(), tmp_path / "temporal.log", 10
    )
    yield server
    server.stop()


@pytest.fixture
def worker(address, tmp_path):
    """Not started yet. Its database has no tables, so its pulse and its chores fail: that must not matter."""
    environment = surroundings(
        DJANGO_SETTINGS_MODULE="tests.up.slow_settings",
        LEITSTAND_DATA=str(tmp_path / "data"),
        LEITSTAND_METRICS_PORT=str(ports.any_free()),
        TEMPORAL_ADDRESS=address,
        NOTES=str(tmp_path),
        SLOW="4",
    )
    command = [sys.executable, str(ROOT / "manage.py"), "worker"]
    process = Child("the worker", command, environment, tmp_path / "worker.log", 30)
    yield process
    process.stop()


def says(child, words):
    until(lambda: words in child.log.read_text(), f"{words!r} in its log")


def begin_something_slow(address, notes):
    """Hand the worker its slow first step; it has begun when this returns."""
    request = ["--type", "ApprovalWorkflow", "--workflow-id", "slow", "--input", '{"title": "slow"}']
    command = [BINARY, "workflow", "start", "--task-queue", "leitstand", *request, "--address", address]
    subprocess.run(command, env=surroundings(), check=True, capture_output=True, timeout=60)
    until((notes / "begun").exists, "the slow step to have begun")


def test_it_waits_for_temporal_and_lets_what_is_under_way_finish_when_asked_to_end(temporal, worker, address, tmp_path):
    worker.start()
    says(worker, "Temporal cannot be used now; trying again")
    assert worker.running()
    temporal.start()
    says(worker, "Serving leitstand")
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.environment['LEITSTAND_METRICS_PORT']}/metrics") as metrics:
        assert b"temporal_" in metrics.read()

    begin_something_slow(address, tmp_path)
    worker.signal(signal.SIGTERM)
    says(worker, "Asked to end")
    assert not (tmp_path / "done").exists()
    until(lambda: worker.exit_code() is not None, "the worker to end")
    assert worker.exit_code() == 0
    assert (tmp_path / "done").exists()


def test_asked_twice_it_ends_at_once_whatever_is_under_way(temporal, worker, address, tmp_path):
    temporal.start()
    worker.environment["SLOW"] = "60"
    worker.start()
    says(worker, "Serving leitstand")
    begin_something_slow(address, tmp_path)
    worker.signal(signal.SIGTERM)
    says(worker, "Asked to end")
    assert worker.running()
    asked_again = time.monotonic()
    worker.signal(signal.SIGTERM)
    until(lambda: worker.exit_code() is not None, "the worker to end")
    assert worker.exit_code() == 128 + signal.SIGTERM
    assert time.monotonic() - asked_again < queues.DRAIN.total_seconds()
    assert not (tmp_path / "done").exists()


def test_a_pulse_that_cannot_be_written_is_said_and_does_not_end_the_worker(temporal, worker):
    temporal.start()
    worker.start()
    says(worker, "Serving leitstand")
    says(worker, "the pulse has failed; it is tried again every 1 s until it works.")
    assert worker.running()


def test_a_queue_that_does_not_exist_is_refused_by_name(address, tmp_path):
    command = [sys.executable, str(ROOT / "manage.py"), "worker", "--queues", "leitstand,lunch"]
    environment = surroundings(LEITSTAND_DATA=str(tmp_path), TEMPORAL_ADDRESS=address)
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert "There is no queue 'lunch' here. The queues are: leitstand, leitstand-work." in ran.stderr


# --- its parts --------------------------------------------------------------------------------------------------


def test_queues_are_chosen_by_name_and_none_is_empty():
    assert all(queue.activities or queue.workflows for queue in queues.all_queues())
    assert queues.chosen([]) == queues.all_queues()
    assert [queue.name for queue in queues.chosen(["leitstand"])] == ["leitstand"]


def test_a_chore_that_fails_is_called_again_and_its_failures_in_a_row_are_logged_once(caplog):
    calls, enough = [], threading.Event()

    def chore():
        calls.append(1)
        if len(calls) == 6:
            enough.set()
        if len(calls) in (2, 3, 5):
            raise ValueError("the disk is full")

    with caplog.at_level(logging.INFO, logger="worker.ticking"):
        ticking = Ticking("tidying", chore, every=0.01)
        ticking.start()
        assert enough.wait(30)
        ticking.stop()
    assert not ticking.is_alive()
    words = [record.message for record in caplog.records]
    assert words[0].startswith("tidying has failed; it is tried again")
    assert words[1] == "tidying works again."
    assert len(words) == 4


@pytest.mark.parametrize(
    "extra",
    [
        {"temporal_workflow": {"workflow_id": "approval-1", "run_id": "run-1"}},
        {"temporal_activity": {"workflow_id": "approval-1", "workflow_run_id": "run-1"}},
    ],
)
def test_a_log_line_of_a_workflow_names_workflow_and_run_once(extra):
    record = logging.LogRecord("any", logging.INFO, __file__, 1, "%s waits", ("manager",), None)
    record.__dict__.update(extra)
    for _ in range(2):
        assert NamesTheRun().filter(record)
    assert record.getMessage() == "manager waits [workflow_id=approval-1 run_id=run-1]"


def test_a_log_line_of_anything_else_stays_as_it_is():
    record = logging.LogRecord("any", logging.INFO, __file__, 1, "%s waits", ("manager",), None)
    NamesTheRun().filter(record)
    assert record.getMessage() == "manager waits"


# --- its processes ----------------------------------------------------------------------------------------------


def parts_of(worker):
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in listed.splitlines()]
    return {int(pid) for pid, parent, state in lines if int(parent) == worker.process.pid and state[0] != "Z"}


def test_work_has_a_process_of_its_own_and_another_one_when_it_dies(temporal, worker):
    temporal.start()
    worker.start()
    says(worker, "Serving leitstand.")
    says(worker, "Serving leitstand-work.")
    before = parts_of(worker)
    assert len(before) == 2
    killed = max(before)  # forked last
    os.kill(killed, signal.SIGKILL)
    says(worker, "A process of the worker has ended by itself (signal 9). Another takes its place.")
    until(lambda: worker.log.read_text().count("Serving leitstand-work.") == 2, "another to serve")
    after = parts_of(worker)
    assert len(after) == 2
    assert len(before & after) == 1, "the one that applies decisions was not disturbed"
    own, decisions, work = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (0, *(before & after), *(after - before)))
    assert decisions == own
    assert work == min(own + apart.GIVES_WAY, 19), "it gives way to the other"


def test_its_processes_die_with_it(temporal, worker):
    temporal.start()
    worker.start()
    says(worker, "Serving leitstand-work.")
    parts = parts_of(worker)
    os.kill(worker.process.pid, signal.SIGKILL)
    until(lambda: not any(map(alive, parts)), "its processes to be dead")


def test_queues_are_served_apart_unless_one_process_is_wanted():
    decisions, work = queues.all_queues()
    assert queues.apart([decisions, work], 1) == [[decisions], [work]]
    assert queues.apart([decisions, work], 3) == [[decisions], [work], [work], [work]]
    assert queues.apart([decisions, work], 0) == [[decisions, work]]
    assert queues.apart([decisions], 2) == [[decisions]]
    assert queues.apart([work], 2) == [[work], [work]]
