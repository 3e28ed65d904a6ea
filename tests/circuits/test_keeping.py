"""Every registered service has a circuit that lives and knows the newest settings, whatever was away meanwhile."""

import pytest
from django.utils import timezone

from audit.models import Entry
from circuits import keeping, sending, services
from circuits.models import Change, Rung, Service
from tests.circuits.conftest import NOBODY
from tests.clicking import at_once
from tests.temporal import until
from worker import client as door
from worker import registry

EVERY = keeping.EVERY


@pytest.fixture
def registered(circuits, boss):
    """A service of the registry whose circuit knows it."""

    def make(**settings) -> Service:
        service = services.save_service(
            service=Service(name=circuits.service, **settings), rungs=[], reason="New", by=boss
        )
        assert keeping.keep() == 1
        return arrived(service)

    def arrived(service: Service) -> Service:
        there = {"service": service.name, "config_version": service.config_version}
        until(lambda: type(circuits.row()).objects.filter(**there).exists() if exists(circuits) else False)
        return Service.objects.get(pk=service.pk)

    make.arrived = arrived
    return make


def exists(circuits) -> bool:
    from circuits.models import Circuit

    return Circuit.objects.filter(service=circuits.service).exists()


def change(service: Service, by, reason: str = "They asked for it", **settings) -> Service:
    for name, value in settings.items():
        setattr(service, name, value)
    return services.save_service(service=service, rungs=[], reason=reason, by=by)


def a_minute_later() -> None:
    past = timezone.now() - EVERY
    Service.objects.update(told_at=past, looked_at=past)


def test_a_new_service_gets_its_circuit_and_who_registered_it_is_known(registered, circuits):
    registered(failure_threshold=7, failure_rate=0.5)
    config = circuits.told()["config"]
    assert (config["failure_threshold"], config["failure_rate"]) == (7, 0.5)
    found = Change.objects.get(circuit__service=circuits.service)
    assert (found.actor, found.reason, found.known) == ("admin", "New", "signed_in")
    entry = Entry.objects.get(stream=circuits.row().stream, kind="circuit.configured")
    assert (entry.known, entry.data["config"]["failure_threshold"]) == ("signed_in", 7)


def test_nothing_to_do_costs_one_query_and_no_call(registered, django_assert_num_queries, monkeypatch):
    registered()
    with monkeypatch.context() as deaf, django_assert_num_queries(1):
        deaf.setattr(door, "on_loop", lambda *_: pytest.fail("Temporal was asked"))
        assert keeping.keep() == 0


def test_new_settings_reach_it_and_it_keeps_its_state(registered, circuits, boss):
    service = registered()
    circuits.fails(5)
    until(lambda: circuits.row().state == "open")
    change(service, boss, timeout_seconds=300)
    assert keeping.keep() == 1
    registered.arrived(service)
    told = circuits.told()
    assert (told["state"], told["config"]["timeout_seconds"], told["config_version"]) == ("open", 300, 2)
    assert told["retry_at"] == pytest.approx(told["opened_at"] + 300, abs=1)


def test_what_is_told_twice_by_two_workers_changes_it_once(registered, circuits, boss):
    service = change(registered(), boss, failure_threshold=9)
    at_once(keeping.keep, keeping.keep, lambda: keeping.tell(service))
    registered.arrived(service)
    keeping.tell(service)
    assert circuits.told()["config"]["failure_threshold"] == 9
    assert Change.objects.filter(circuit__service=circuits.service).count() == 2


def test_changed_while_temporal_was_away_it_arrives_when_it_is_back(registered, circuits, boss, via):
    service = registered()
    via(NOBODY)
    change(service, boss, failure_threshold=9)
    assert keeping.keep() == 0
    assert keeping.keep() == 0  # not at once again
    via(circuits.address)
    Service.objects.update(told_at=timezone.now() - EVERY)
    assert keeping.keep() == 1
    registered.arrived(service)
    assert circuits.told()["config"]["failure_threshold"] == 9


def test_where_temporal_did_not_answer_it_is_asked_soon_and_not_in_a_minute(registered, boss, via):
    service = registered()
    via(NOBODY)
    change(service, boss, failure_threshold=9)
    keeping.keep()
    again_at = Service.objects.get().told_at + EVERY
    assert again_at - timezone.now() < keeping.SOON


def test_a_change_of_rungs_is_nobodys_business_but_the_callers(registered, circuits, boss):
    service = registered()
    services.save_service(
        service=service, rungs=[Rung(name="popular", position=0)], reason="To serve something", by=boss
    )  # fmt: skip
    assert (service.version, service.config_version) == (2, 1)
    assert keeping.keep() == 0
    assert circuits.told()["interventions"] == 1


def test_one_that_was_terminated_lives_again_within_a_minute_with_what_it_knew(registered, circuits, olga):
    registered(failure_threshold=42)
    assert circuits.click(olga, "disabled").state == "recorded"
    run = circuits.told()["run"]["run_id"]
    circuits.terminate()
    assert keeping.keep() == 0  # it has been looked at a moment ago
    a_minute_later()
    assert keeping.keep() == 1
    told = circuits.told()
    assert told["run"]["run_id"] != run
    assert (told["state"], told["override"]["actor"], told["config"]["failure_threshold"]) == ("disabled", "olga", 42)
    assert circuits.click(olga, "closed").state == "recorded"


def test_a_kept_state_that_no_entity_takes_is_left_behind(registered, circuits, olga):
    registered(failure_threshold=42)
    row = circuits.row()
    row.kept["version"] = 99
    row.save()
    circuits.terminate()
    a_minute_later()
    assert keeping.keep() == 1
    until(lambda: circuits.row().before == 1)
    assert circuits.told()["config"]["failure_threshold"] == 42
    assert circuits.click(olga).state == "recorded"


def test_an_entity_that_lives_is_left_alone(registered, circuits):
    registered()
    history = circuits.told()["run"]["events"]
    a_minute_later()
    assert keeping.keep() == 1
    assert circuits.told()["run"]["events"] == history


def test_what_ops_have_set_for_a_time_goes_on_until_its_end(registered, circuits, olga, boss):
    service = registered(failure_threshold=5)
    assert circuits.click(olga, "configure", config={"failure_threshold": 2}, seconds=60.0).state == "recorded"
    change(service, boss, failure_threshold=9)
    keeping.keep()
    registered.arrived(service)
    told = circuits.told()
    assert (told["config"]["failure_threshold"], told["config_version"]) == (2, 2)
    assert circuits.row().kept["state"]["lasting_config"]["failure_threshold"] == 9


def test_it_is_told_with_every_worker_down_and_takes_it_when_one_is_up(registered, circuits, boss):
    service = registered()
    circuits.house.worker.stop()
    change(service, boss, failure_threshold=9)
    assert keeping.keep() == 1
    circuits.house.worker.start()
    registered.arrived(service)
    assert circuits.told()["config"]["failure_threshold"] == 9
    assert circuits.told()["interventions"] == 2


def test_only_some_are_seen_to_in_one_go(db, via):
    for number in range(30):
        Service.objects.create(name=f"s{number}")
    via(NOBODY)
    assert keeping.keep() == 0  # away: the first one is enough to know
    assert Service.objects.exclude(told_at=None).count() == 1


def test_every_worker_does_it():
    chores = registry.chores()
    assert chores["circuits.keep"] is keeping.keep
    assert chores["circuits.send_unsettled"] is sending.send_unsettled
