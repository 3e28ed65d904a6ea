"""A service that breaks and is mended while a batch calls it over HTTP: the batch and its circuit tell one story."""

import pytest

from accounts.hosts import read
from batches.http import sending
from tests.demo.service import Service
from tests.temporal import until
from worker.resilience import budget

NUMBER = 400
STAND_IN = {"name": "by letter", "job": "cache", "timeout_seconds": 5, "attempts": 1}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = Service(tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture
def payments(service, circuit, settings, monkeypatch):
    settings.HTTP_HOSTS = read(f"127.0.0.1:{service.port}")
    for poll in ("CIRCUIT_POLL", "TRIAL_POLL"):
        monkeypatch.setattr(budget, poll, 0.2)
    monkeypatch.setattr(sending, "guard", circuit.guard)
    service.set("payments", failure_rate=0, latency_seconds=0.02)
    circuit.begin(timeout_seconds=4, half_open_attempts=1)
    return circuit


def says(see, person, address, *words):
    """Between two trials it does."""
    until(
        lambda: set(words) <= {each for page in [see(person, address)] for each in words if each in page},
        what=f"{address}: {words}",
    )


def test_held_degraded_failed_and_succeeded_add_up_and_both_pages_say_why(
    batches, shop, payments, service, see, rita, alive
):
    items = [{"n": n, **({} if n % 2 else {"cache": "raises"})} for n in range(NUMBER)]
    spec = {"service": payments.service, "fallbacks": [STAND_IN], "on_open": "hold", "tolerated_failure_rate": 1}
    job_args = {"method": "POST", "url": f"{service.address}/payments?amount=20&key={{key}}"}
    batch = batches.start(items, "http", job_args=job_args, max_parallel=2, **spec)
    until(lambda: batch.told()["succeeded"], what="it is well under way")
    service.set("payments", failure_rate=1)
    now = until(
        lambda: (told := batch.told())["held"] and told["degraded"] and not told["pending"] + told["running"] and told
    )
    assert now["rungs"] == {"by letter": now["degraded"]}
    payments.becomes("open")

    degraded = f"Degraded, by who served: by letter {now['degraded']}"
    says(see, rita, f"/circuits/{payments.service}/", "Open", "by letter")
    says(see, rita, batch.row.get_absolute_url(), f"the circuit {payments.service} is open", "items are held", degraded)

    service.set("payments", failure_rate=0)
    batch.signal("retry_failed", "olga")
    result = batch.result()
    assert (result["status"], result["failed"], result["not_run"]) == ("completed", 0, 0)
    assert result["successful"] + result["degraded"] == NUMBER
    assert sorted(line["number"] for line in batch.results()) == list(range(NUMBER))
    payments.becomes("closed")
    says(see, rita, f"/circuits/{payments.service}/", "Closed")
    says(see, rita, batch.row.get_absolute_url(), "Completed", degraded)
