"""The demo's jobs, once from a terminal: which rung served, why no better one did, and an exit code.

With no table in the database and no Temporal: whoever falls back must not fail for that.
"""

import json
import subprocess
import sys

import pytest

from tests.demo.service import Service
from tests.up.running import ROOT

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = Service(tmp_path_factory.mktemp("jobs"), TEMPORAL_ADDRESS="127.0.0.1:1")
    running.environment["LEITSTAND_DEMO_SERVICE"] = running.address
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _well(service):
    for name in ("recommendations", "payments", "fx-rates"):
        service.set(name, failure_rate=0, latency_seconds=0, hang=False)


def job(service, *arguments, **more):
    command = [sys.executable, str(ROOT / "manage.py"), "job", *arguments]
    ran = subprocess.run(command, env=service.environment | more, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def result(service, *arguments):
    ran = job(service, *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def test_well_the_best_rung_serves(service):
    said = result(service, "recommend", "customer=voss")
    assert (said["customer"], said["source"], said["degraded"], said["skipped"]) == ("voss", "learned", False, [])
    assert len(said["items"]) == 3


def test_broken_the_next_one_serves_and_it_says_why(service):
    service.set("recommendations", failure_rate=1)
    said = result(service, "recommend", "customer=voss")
    assert (said["source"], said["degraded"]) == ("rules", True)
    (skipped,) = said["skipped"]
    assert (skipped["rung"], skipped["code"], skipped["tries"]) == ("learned", "failed", 1)
    assert skipped["words"].startswith("503 upstream connect error")


def test_the_rate_of_yesterday_serves_instead_of_todays(service):
    assert result(service, "convert", "amount=100", "currency=CHF")["chf"] == 93.12
    service.set("fx-rates", failure_rate=1)
    said = result(service, "convert", "amount=100", "currency=CHF")
    assert (said["source"], said["chf"]) == ("yesterday", 92.93)


def test_nothing_serves_instead_of_a_payment(service):
    assert result(service, "pay", "amount=20", "--key=k1") == result(service, "pay", "amount=20", "--key=k1")
    service.set("payments", failure_rate=1)
    ran = job(service, "pay", "amount=20")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["error"].startswith("503 upstream")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lunch"], "There is no job 'lunch'. There are: convert, "),
        (["recommend"], "needs the argument 'customer'"),
        (["recommend", "customer=a", "customer=b"], "is given twice"),
        (["recommend", "customer"], "write name=value"),
        (["pay", "amount=much"], "must be a number"),
        (["pay", "amount=1", "key=stolen"], "has no argument 'key'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_and_nothing_is_called(service, arguments, said):
    before = service.told("payments")["arrivals"]["callers"]
    ran = job(service, *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""
    assert service.told("payments")["arrivals"]["callers"] == before


def test_without_a_name_it_lists_the_jobs_and_what_they_take(service):
    listed = job(service).stdout
    assert "recommend customer=  recommends articles to a customer" in listed
    assert "convert amount= currency=USD" in listed


def test_without_the_demo_there_are_none_of_them(service):
    ran = job(service, LEITSTAND_DEMO="0")
    assert ran.returncode == 0
    assert not {"recommend", "pay", "convert"} & {line.partition(" ")[0] for line in ran.stdout.splitlines()}
