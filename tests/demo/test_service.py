"""The demo's service: it fails, dawdles and hangs as it is told, by the site alone, and remembers it."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.demo.service.arrivals import Arrivals
from tests.demo.service import Service
from tests.up.running import ROOT

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = Service(tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _well(service):
    yield
    for name in ("recommendations", "payments", "fx-rates"):
        service.set(name, failure_rate=0, latency_seconds=0, hang=False)


def test_each_of_its_services_answers(service):
    service.set("payments", failure_rate=0)
    assert len(service.ask("/recommendations?customer=voss")[1]["items"]) == 3
    assert service.ask("/payments?key=k1&amount=20")[1]["payment"].startswith("PY-")
    assert service.ask("/fx-rates?currency=CHF")[1] == {"currency": "CHF", "rate": 0.9312}
    assert service.ask("/lunch")[0] == 404


def test_the_same_payment_again_is_the_same_payment(service):
    service.set("payments", failure_rate=0, latency_seconds=0)
    assert service.ask("/payments?key=k1") == service.ask("/payments?key=k1")
    assert service.ask("/payments?key=k1") != service.ask("/payments?key=k2")


def test_broken_every_call_fails_and_the_others_go_on(service):
    service.set("recommendations", failure_rate=1)
    answers = [service.ask("/recommendations") for _ in range(5)]
    assert {status for status, _ in answers} == {503}
    assert "upstream" in answers[0][1]["error"]
    assert service.ask("/fx-rates")[0] == 200


def test_a_call_takes_about_as_long_as_it_is_told(service):
    service.set("fx-rates", latency_seconds=0.4)
    begun = time.monotonic()
    service.ask("/fx-rates")
    assert time.monotonic() - begun >= 0.2


def test_hanging_it_keeps_callers_waiting_and_answers_everybody_else(service):
    service.set("recommendations", hang=True)
    with socket.create_connection(("127.0.0.1", service.port), timeout=0.5) as waiting:
        waiting.sendall(b"GET /recommendations HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        assert service.ask("/fx-rates")[0] == 200


def test_many_calls_at_once_take_no_longer_than_one(service):
    service.set("fx-rates", latency_seconds=1)
    begun = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        assert {status for status, _ in pool.map(service.ask, ["/fx-rates"] * 50)} == {200}
    assert time.monotonic() - begun < 20  # one after another they would take fifty


def test_a_connection_is_kept_for_the_next_call(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/fx-rates")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
    connection.close()


def test_it_counts_the_calls_of_each_caller(service):
    before = service.calls_by_caller("fx-rates").get("worker-7", 0)
    for _ in range(3):
        service.ask("/fx-rates", **{"X-Caller": "worker-7"})
    assert service.calls_by_caller("fx-rates")["worker-7"] == before + 3
    assert service.told("fx-rates")["arrivals"]["lately"] >= 3


def test_who_set_it_and_when_is_kept(service):
    service.set("payments", failure_rate=0.5, by="olga", at=1_700_000_000)
    told = service.told("payments")
    assert (told["failure_rate"], told["by"], told["at"]) == (0.5, "olga", 1_700_000_000)


@pytest.mark.parametrize("token", ["", "guessed", "Bearer", "ü"])
def test_nobody_else_reads_or_sets_it(service, token):
    token = token.encode().decode("latin-1")
    assert service.ask("/settings", token=token)[0] == 401
    assert service.ask("/settings/payments", "PUT", {"hang": True}, token)[0] == 401
    assert service.told("payments")["hang"] is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"failure_rate": 1.1}, "failure_rate must be a number from 0 to 1."),
        ({"failure_rate": -0.1}, "failure_rate must be"),
        ({"failure_rate": "half"}, "failure_rate must be"),
        ({"failure_rate": True}, "failure_rate must be"),
        ({"latency_seconds": 31}, "latency_seconds must be a number from 0 to 30."),
        ({"latency_seconds": -1}, "latency_seconds must be"),
        ({"hang": "yes"}, "hang must be true or false."),
        ({"mood": "bad"}, "'mood' is not known"),
        ([], "must be an object"),
        (b"{", "must be JSON"),
        (b"\xff", "must be JSON"),
        (b"[" * 9_000, "must be JSON"),
    ],
    ids=lambda given: repr(given)[:30],
)
def test_a_bad_value_is_told_and_changes_nothing(service, given, said):
    before = service.told("payments")
    status, answer = service.ask("/settings/payments", "PUT", given, service.token)
    assert status == 400
    assert said in " ".join(answer["errors"])
    after = service.told("payments")
    assert all(after[name] == before[name] for name in ("failure_rate", "latency_seconds", "hang"))


def test_what_cannot_be_asked_for_is_told(service):
    assert service.ask("/settings/lunch", token=service.token)[0] == 404
    assert service.ask("/settings/payments", "DELETE", token=service.token)[0] == 405


def test_it_remembers_its_settings_and_ends_at_once_even_with_calls_that_hang(tmp_path):
    service = Service(tmp_path)
    try:
        service.set("recommendations", hang=True, by="olga")
        with socket.create_connection(("127.0.0.1", service.port)) as waiting:
            waiting.sendall(b"GET /recommendations HTTP/1.1\r\nHost: x\r\n\r\n")
            begun = time.monotonic()
            assert service.stop() == 0
            assert time.monotonic() - begun < 15
        service.start()
        assert service.told("recommendations")["hang"] is True
        assert service.told("recommendations")["by"] == "olga"
        assert service.stop(signal.SIGKILL) == -9
        (tmp_path / "demo_service.json").write_text('{"recommendations": {"failure_rate": 7}, "payments": 3')
        service.start()
        assert service.told("recommendations")["hang"] is False
    finally:
        service.stop()


def test_it_is_not_started_without_the_demo_nor_on_a_port_that_is_taken(service, tmp_path):
    def run(port, **more):
        command = [sys.executable, str(ROOT / "manage.py"), "demo_service", "--port", str(port)]
        environment = service.environment | {"LEITSTAND_DATA": str(tmp_path)} | more
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    off = run(service.port, LEITSTAND_DEMO="0")
    assert (off.returncode, "switched off" in off.stderr) == (1, True)
    production = run(service.port, LEITSTAND_PRODUCTION="1")
    assert (production.returncode, "switched off" in production.stderr) == (1, True)
    taken = run(service.port)
    assert (taken.returncode, "is taken" in taken.stderr) == (1, True)
    assert "Traceback" not in off.stderr + production.stderr + taken.stderr


# --- what arrived -----------------------------------------------------------------------------------------------------


def test_what_arrived_lately_is_forgotten_and_callers_are_bounded():
    now = 1_000.0
    arrivals = Arrivals(clock=lambda: now)
    for number in range(60):
        arrivals.note(f"caller-{number}")
    assert arrivals.told()["lately"] == 60
    assert len(arrivals.told()["callers"]) == 50
    now = 1_011.0
    assert arrivals.told() | {"callers": {}} == {"lately": 0, "seconds": 10, "callers_lately": 0, "callers": {}}
