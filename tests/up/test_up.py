"""The whole of it, started once or twice for real. The tests of the first start build on one another, in this order."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from dashboard.up import ports
from tests.up.running import LONG, ROOT, Up, alive, surroundings, until

pytestmark = pytest.mark.timeout(240)

REQUEST = '{"title": "A new press", "amount": 5000, "requester": "somebody"}'


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def up(data):
    running = Up(data)
    yield running.ready()
    running.end()


def test_it_says_what_it_does_and_that_it_is_ready(up):
    assert "Starting the embedded Temporal server." in up.lines
    assert "Preparing the database." in up.lines
    assert f"LEITSTAND_DATA={up.data}" in up.said
    assert "createsuperuser" in up.said
    assert "Password" not in up.said


def test_when_it_says_ready_all_of_it_is(up):
    assert up.health()["status"] == "ok"
    assert set(up.children()) == {"temporal", "worker", "web"}


def test_all_state_is_in_the_data_folder(up):
    kept = {path.name for path in up.data.iterdir()}
    assert {"leitstand.sqlite3", "temporal.db", "logs", "ports.json", "up.lock", "secret_key"} <= kept
    assert {path.name for path in (up.data / "logs").iterdir()} == {"temporal.log", "worker.log", "web.log"}


def test_what_a_page_loads_is_served_without_a_warning(up):
    site = f"http://127.0.0.1:{up.port}"
    with urllib.request.urlopen(f"{site}/accounts/login/", timeout=30) as answer:
        (sheet, *_others) = re.findall(r'href="(/static/[^"]+[.]css)"', answer.read().decode())
    with urllib.request.urlopen(site + sheet, timeout=30) as answer:
        assert answer.read()
    assert "Warning" not in (up.data / "logs" / "web.log").read_text()


def test_a_second_one_on_the_same_folder_is_refused(up):
    second = Up(up.data)
    assert second.ended() == 1
    assert f"running on {up.data} already (process {up.process.pid})" in second.said
    assert "--data" in second.said
    assert up.health()["status"] == "ok"


def test_a_killed_worker_is_started_again_and_it_says_so(up):
    killed = up.child("worker")
    subprocess.run(["kill", "-9", str(killed)], check=True)
    up.hears("The worker has stopped (killed by signal 9")
    up.hears("The worker has been started again.")
    until(lambda: up.children().get("worker", killed) != killed, "another worker")


def test_a_killed_temporal_is_started_again_and_the_same_worker_serves_it(up):
    worker = up.child("worker")
    subprocess.run(["kill", "-9", str(up.child("temporal"))], check=True)
    up.hears("Temporal has been started again.")
    until(lambda: ports.answers(up.temporal_port), "Temporal to be back")
    until(lambda: up.health().get("status") == "ok", "all well again")
    start = (
        "workflow",
        "start",
        "--type",
        "MultiStepApprovalWorkflow",
        "--task-queue",
        "leitstand",
        "--input",
        REQUEST,
    )
    up.temporal(*start, "--workflow-id", "before-the-restart")
    until(lambda: _waits(up), "the workflow to be served")
    assert up.child("worker") == worker


def _waits(up):
    """A worker has taken it up, and now it waits for a person."""
    history = up.temporal("workflow", "show", "--workflow-id", "before-the-restart", "--output", "json")
    return "ACTIVITY_TASK_COMPLETED" in history


def test_asked_to_end_it_ends_cleanly_and_leaves_no_process(up):
    children = up.children().values()
    assert len(children) == 3
    up.process.send_signal(signal.SIGTERM)
    assert up.ended() == 0
    assert "Everything has stopped." in up.said
    assert [pid for pid in children if alive(pid)] == []


def test_started_again_everything_is_still_there_and_killed_it_takes_its_children_along(up, data):
    begun = time.monotonic()
    again = Up(data)
    try:
        again.ready()
        assert time.monotonic() - begun < LONG
        assert "Preparing the database." not in again.lines  # nothing had to be done anew
        assert "Collecting and compressing the static files." not in again.lines
        found = again.temporal("workflow", "describe", "--workflow-id", "before-the-restart", "--output", "json")
        assert "WORKFLOW_EXECUTION_STATUS_RUNNING" in found
        children = again.children().values()
        assert len(children) == 3
        again.process.kill()
        until(lambda: not any(alive(pid) for pid in children), "no child to be left", 15.0)
    finally:
        again.end()


def test_a_taken_port_is_refused_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Up(tmp_path / "data", port)
        assert refused.ended() == 1
    assert f"Port {port} is taken by another program." in refused.said
    assert "--port" in refused.said
    assert "Starting" not in refused.said


@pytest.mark.parametrize("port", ["0", "70000", "eighty"])
def test_a_port_that_does_not_exist_is_refused(tmp_path, port):
    command = [
        sys.executable,
        str(ROOT / "manage.py"),
        "up",
        "--no-demo",
        "--port",
        port,
        "--data",
        str(tmp_path / "data"),
    ]
    ran = subprocess.run(command, env=surroundings(), capture_output=True, text=True, timeout=LONG)
    assert ran.returncode in (1, 2)
    assert port in ran.stderr
    assert "Traceback" not in ran.stderr
