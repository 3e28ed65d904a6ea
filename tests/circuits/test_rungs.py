"""A chain's order and patience are the registry's where it says something, else the usual ones; calls are code's."""

import asyncio

import pytest
from django.db import OperationalError

from circuits import rungs
from circuits.models import Rung, Service
from worker.resilience import fallback
from worker.resilience.fallback import Patience


async def learned(): ...
async def rules(): ...
async def popular(): ...


CALLS = {"learned": learned, "rules": rules, "popular": popular}


@pytest.fixture(autouse=True)
def _afresh():
    rungs.forget()
    yield
    rungs.forget()


@pytest.fixture
def service(db):
    return Service.objects.create(name="recommendations")


def rows(service, *named, **more):
    for position, name in enumerate(named):
        Rung.objects.create(service=service, position=position, name=name, **more)


def names(ladder):
    return [rung.name for rung in ladder]


def test_a_service_that_nobody_registered_has_the_usual_chain(db):
    built = rungs.ladder("recommendations", CALLS)
    assert [(rung.name, rung.call) for rung in built] == list(CALLS.items())
    assert [rung.patience for rung in built] == [fallback.GUARDED_PRIMARY, *[fallback.GUARDED_FALLBACK] * 2]
    assert [rung.circuit for rung in built] == ["recommendations", None, None]


def test_order_and_patience_are_the_registrys(service):
    rows(service, "rules", "learned", timeout_seconds=2, attempts=3, pause_seconds=0.5)
    built = rungs.ladder("recommendations", CALLS)
    assert names(built) == ["rules", "learned", "popular"]
    assert built[0].patience == Patience(2, 3, 0.5)
    assert built[2].patience == fallback.GUARDED_FALLBACK


def test_wherever_the_primary_stands_it_is_the_one_behind_the_circuit(service):
    rows(service, "rules", "learned")
    built = rungs.ladder("recommendations", CALLS)
    assert [(rung.name, rung.circuit) for rung in built if rung.circuit] == [("learned", "recommendations")]


def test_a_rung_stands_behind_the_circuit_that_the_registry_names(service):
    other = Service.objects.create(name="rules-engine")
    rows(service, "learned")
    rows(service, "rules", circuit=other)
    built = rungs.ladder("recommendations", CALLS)
    assert [rung.circuit for rung in built] == ["recommendations", "rules-engine", None]


def test_where_another_rung_is_put_behind_the_services_circuit_the_primary_is_not(service):
    rows(service, "learned")
    rows(service, "rules", circuit=service)
    built = rungs.ladder("recommendations", CALLS)
    assert [rung.circuit for rung in built] == [None, "recommendations", None]


def test_a_rung_that_no_code_calls_is_left_out(service):
    rows(service, "oracle", "popular", "learned")
    assert names(rungs.ladder("recommendations", CALLS)) == ["popular", "learned", "rules"]


def test_the_registry_is_asked_once_in_a_while(service, django_assert_num_queries):
    with django_assert_num_queries(1):
        for _ in range(3):
            rungs.ladder("recommendations", CALLS)


def test_what_was_changed_counts_when_the_old_is_too_old(service, monkeypatch):
    rungs.ladder("recommendations", CALLS)
    rows(service, "popular")
    monkeypatch.setattr(rungs, "FRESH", -1.0)
    assert names(rungs.ladder("recommendations", CALLS))[0] == "popular"


@pytest.mark.django_db(transaction=True)
def test_in_a_coroutine_it_is_the_same():
    rows(Service.objects.create(name="recommendations"), "rules", timeout_seconds=2)
    built = asyncio.run(rungs.aladder("recommendations", CALLS))
    assert names(built) == ["rules", "learned", "popular"]
    assert asyncio.run(rungs.aladder("recommendations", CALLS)) == built


def test_with_the_database_away_it_goes_by_what_was_known_last(service, monkeypatch, caplog):
    rows(service, "rules")
    before = rungs.ladder("recommendations", CALLS)
    monkeypatch.setattr(rungs, "FRESH", -1.0)

    def away(*_, **__):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(rungs.Row.objects, "filter", away)
    assert rungs.ladder("recommendations", CALLS) == before
    assert rungs.ladder("never-heard-of", CALLS)[0].circuit == "never-heard-of"
    assert "what was known last" in caplog.text
