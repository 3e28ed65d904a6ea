"""With the demo its service is a child like the others: started, looked after, ended with them; never without."""

import json
import signal
import subprocess

import pytest

from dashboard.up import ports
from tests.up.running import Up, alive, until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def up(data):
    running = Up(data, demo=True)
    try:
        yield running.ready()
    finally:
        running.end()


def port_of(up):
    return int(json.loads((up.data / "ports.json").read_text())["demo"])


def lanes(up):
    """How many lanes of traffic the run has begun; 0 where there is none."""
    command = ("workflow", "query", "--workflow-id", "demo-traffic", "--type", "get_traffic", "--output", "json")
    return int(json.loads(up.temporal(*command))["queryResult"][0]["lanes"])


def test_its_service_is_a_child_and_answers(up):
    assert set(up.children()) == {"temporal", "worker", "web", "demo"}
    assert ports.answers(port_of(up))
    assert (up.data / "logs" / "demo_service.log").exists()


def test_its_traffic_has_begun(up):
    until(lambda: lanes(up) > 0, "lanes of traffic")


def test_killed_it_is_started_again_on_the_same_port(up):
    killed, port = up.child("demo"), port_of(up)
    subprocess.run(["kill", "-9", str(killed)], check=True)
    up.hears("The demo's service has stopped (killed by signal 9")
    until(lambda: up.children().get("demo", killed) != killed, "another one")
    until(lambda: ports.answers(port), "it to answer again")


def test_it_ends_with_the_others(up):
    children = up.children().values()
    assert len(children) == 4
    up.process.send_signal(signal.SIGTERM)
    assert up.ended() == 0
    assert "Everything has stopped." in up.said
    assert [pid for pid in children if alive(pid)] == []


def test_started_again_the_traffic_goes_on_by_itself(up, data):
    again = Up(data, demo=True)
    try:
        again.ready()
        assert "Loading the demo." not in again.lines
        before = until(lambda: lanes(again), "the traffic to answer")
        until(lambda: lanes(again) != before, "another lane, or another run")
    finally:
        again.end()


def test_without_the_demo_on_the_same_folder_there_is_none_of_it(up, data):
    plain = Up(data)
    try:
        plain.ready()
        assert set(plain.children()) == {"temporal", "worker", "web"}
        assert "demo" not in json.loads((data / "ports.json").read_text())
        ended = ("workflow", "describe", "--workflow-id", "demo-traffic", "--output", "json")
        until(lambda: "STATUS_COMPLETED" in plain.temporal(*ended), "the traffic to end, for nobody has its jobs")
    finally:
        plain.end()
