"""Calls through the service's circuit: what counts as its failure, and that an open one lets nothing through."""

import pytest

from batches.http import sending
from tests.accounts.receiver import one_after_another, raw, says, waits
from tests.worker.guarding import guarded
from worker.resilience.fallback import NotAgain, NotYet
from worker.resilience.refusals import CircuitOpen


@pytest.fixture
def circuit(house, monkeypatch):
    with guarded(house) as made:
        monkeypatch.setattr(sending, "guard", made.guard)
        yield made


BROKEN = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")


@pytest.mark.parametrize(
    ("answer", "seconds"), [(says(503), 20), (waits(1), 0.3), (BROKEN, 20)], ids=["503", "late", "half"]
)
def test_five_failures_open_it_and_nobody_is_called(program, call, circuit, answer, seconds):
    program.answer = answer
    for _ in range(5):
        with pytest.raises(NotYet):
            call(service=circuit.service, timeout_seconds=seconds)
    with pytest.raises(CircuitOpen):
        call(service=circuit.service)
    assert len(program.calls) == 5


@pytest.mark.parametrize("status", [400, 404, 429])
def test_what_the_caller_did_wrong_is_no_failure_of_the_service(program, call, circuit, status):
    program.answer = one_after_another(*[says(status)] * 7, says(200))
    for _ in range(7):
        with pytest.raises((NotAgain, NotYet)):
            call(service=circuit.service)
    assert call(service=circuit.service) == {"status": 200}
    assert circuit.guard.flush(30)
    assert circuit.totals()[1] == 0


def test_a_host_that_may_not_be_called_is_no_failure_of_the_service(program, call, circuit):
    for _ in range(7):
        with pytest.raises(NotAgain):
            call(url="https://evil.example/", service=circuit.service)
    assert call(service=circuit.service) == {"status": 200}


def test_no_sample_holds_a_secret(program, call, circuit):
    def answer(handler):
        handler.send_response(500, handler.headers["X-Key"])
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    program.answer = answer
    for _ in range(5):
        with pytest.raises(NotYet):
            call(service=circuit.service, headers={"X-Key": "{secret.ERP}"})
    sample = circuit.becomes("open")["last_failure"]["sample"]
    assert sample == "It answered 500 [secret]"
