"""The entity workflow through a real Temporal server: what it takes, survives, writes down, and carries on."""

import uuid

import pytest

from audit.models import Entry
from circuits.models import Change, Circuit, Sample
from circuits.recording import record_circuit
from tests.temporal import until
from worker.circuit_contract import STATE, CircuitNews, read_state
from worker.resilience.circuit import Circuit as Machine
from worker.resilience.circuit_state import CircuitState
from worker.resilience.report import Report
from worker.resilience.versioned import UnreadableState

ENTITY = "CircuitBreakerWorkflow"


def begun(house, *args, service="payments", **more):
    return house.start(*(args or (service,)), workflow=ENTITY, id=f"circuit-{uuid.uuid4()}", **more)


def told(house, handle):
    return house.ask(handle, "get_state")


def becomes(house, handle, state):
    return until(lambda: (now := told(house, handle))["state"] == state and now, what=f"it is {state}")


def fails(house, handle, number=5, **more):
    house.signal(handle, "record", {"failed": number, "caller": "w-1", "sample": "503", **more})


def probe(house, handle, owner="w-1/1", **more):
    return house.run(handle.execute_update("acquire_probe", args=[owner], **more))


def test_five_failures_open_it_and_that_is_written_down(house):
    handle = begun(house, "payments")
    fails(house, handle)
    now = becomes(house, handle, "open")
    assert now["retry_at"] - now["opened_at"] == 60
    row = until(lambda: Circuit.objects.filter(service="payments", state="open").first())
    assert row.changes.get().reason == "5 failures in a row"
    entry = Entry.objects.get(stream="circuit:payments")
    assert (entry.kind, entry.actor, entry.known) == ("circuit.changed", "system", "system")
    assert entry.data["sample"] == "503"


def test_it_goes_all_the_way_round(house):
    handle = begun(house, "payments", {"timeout_seconds": 0.5})
    fails(house, handle)
    becomes(house, handle, "half_open")
    grants = [probe(house, handle, owner) for owner in ("a", "b", "c")]
    assert [grant["granted"] for grant in grants] == [True, True, False]
    assert grants[2]["reason"] == "busy"
    for grant in grants[:2]:
        house.signal(handle, "record", {"ok": 1, "caller": "w-1", "lease_id": grant["lease_id"]})
    becomes(house, handle, "closed")
    until(
        lambda: (
            [c.target for c in Change.objects.filter(kind="changed").order_by("number")]
            == ["open", "half_open", "closed"]
        )
    )


def test_a_trial_asked_for_again_under_its_id_is_the_same(house):
    handle = begun(house, "payments", {"timeout_seconds": 0.2})
    fails(house, handle)
    becomes(house, handle, "half_open")
    assert probe(house, handle, "a", id="one") == probe(house, handle, "a", id="one")
    assert probe(house, handle, "a", id="two")["lease_id"] == probe(house, handle, "a", id="three")["lease_id"]


RUBBISH = [None, 3, "x", [], {}, {"ok": -1}, {"failed": True}, {"ok": 1e300}, {"seq": -3}, {"fallback": 3}, {"ok": "x"}]


def test_rubbish_wedges_nothing_and_is_shown(house):
    handle = begun(house, {"no": "text"}, "no config", None, "one too many")
    for name in ("record", "override", "force_open", "reset", "configure"):
        house.signal(handle, name)
        for given in RUBBISH:
            house.signal(handle, name, given, given, given, given, given, given, given, given)
    assert probe(house, handle, {"rubbish": 1})["granted"] is False
    now = told(house, handle)
    assert now["problems"]["count"] > 0
    assert now["problems"]["last"]
    assert now["totals"]["ok"] == 0


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"failure_threshold": 0}, "failure_threshold must be a whole number from 1 to 100,000."),
        ({"timeout_seconds": -1}, "timeout_seconds must be a number"),
        ({"slow_rate": 0.5}, "slow_rate needs slow_seconds"),
        ({"failure_rate": 7}, "failure_rate must be a number from 0.001 to 1."),
    ],
)
def test_settings_that_make_no_sense_change_nothing(house, config, complaint):
    handle = begun(house, "payments", {"failure_threshold": 3})
    house.signal(handle, "configure", config)
    now = until(lambda: (now := told(house, handle))["problems"]["count"] and now)
    assert complaint in now["problems"]["last"]
    assert now["config"]["failure_threshold"] == 3


def test_new_runs_lose_no_signal_and_no_order(house):
    """Thirty signals a run: what is sent around the switch counts as well, and once."""
    handle = begun(house, "payments", {"run_events": 30, "failure_threshold": 1_000})
    house.signal(handle, "force_open", "they move house", "olga", 3_600)
    for number in range(1, 201):
        house.signal(handle, "record", {"ok": 1, "failed": 1, "caller": "w", "seq": number})
        house.signal(handle, "record", {"ok": 1, "failed": 1, "caller": "w", "seq": number})
    now = until(lambda: (now := told(house, handle))["totals"]["ok"] >= 200 and now)
    first = house.run(handle.describe())
    assert (now["totals"]["ok"], now["totals"]["failed"], now["state"]) == (200, 200, "forced_open")
    assert now["run"]["run_id"] != handle.first_execution_run_id
    assert first.history_length < 5_000


def test_a_state_of_a_newer_version_is_refused_with_a_sentence(house):
    handle = begun(house, "payments", None, {"kind": "circuit", "version": 99, "state": {}})
    with pytest.raises(Exception) as failed:
        house.result(handle)
    assert "written by version 99" in str(failed.value.cause)


def test_one_that_was_ended_begins_again_with_what_it_knew(house):
    handle = begun(house, "payments")
    fails(house, handle)
    row = until(lambda: Circuit.objects.filter(state="open").first())
    house.run(handle.terminate("by mistake"))
    again = house.start("payments", None, row.kept, workflow=ENTITY, id="circuit-payments-again")
    now = told(house, again)
    assert (now["state"], now["totals"]["failed"]) == ("open", 5)


def test_an_override_ends_by_itself(skipping):
    handle = begun(skipping, "payments")
    skipping.signal(handle, "override", "metrics_only", "look first", "olga", 7_200)
    assert becomes(skipping, handle, "metrics_only")["override"]["reason"] == "look first"
    skipping.sleep(7_300)
    becomes(skipping, handle, "closed")
    until(lambda: Change.objects.filter(cause="expired").exists())
    change = Change.objects.get(cause="override")
    assert (change.actor, change.reason, change.known) == ("olga", "look first", "program")
    assert (change.until - change.at).total_seconds() == 7_200


def test_a_minute_with_calls_is_kept_and_a_quiet_one_costs_nothing(skipping):
    handle = begun(skipping, "payments")
    skipping.signal(handle, "record", {"ok": 8, "failed": 2, "refused": 1, "fallback": {"rules": 1}, "caller": "w"})
    skipping.sleep(120)
    sample = until(lambda: Sample.objects.first())
    assert (sample.ok, sample.failed, sample.refused, sample.fallback) == (8, 2, 1, {"rules": 1})
    length = skipping.run(handle.describe()).history_length
    skipping.sleep(3 * 86_400)
    assert skipping.run(handle.describe()).history_length <= length + 1
    assert Sample.objects.count() == 1


def test_with_the_worker_down_nothing_that_was_said_is_lost(house):
    handle = begun(house, "payments")
    becomes(house, handle, "closed")
    house.worker.stop()
    fails(house, handle)
    house.signal(handle, "override", "disabled", "they know", "olga", 600)
    house.worker.start()
    now = becomes(house, handle, "disabled")
    assert now["totals"]["failed"] == 5
    until(lambda: Entry.objects.filter(stream="circuit:payments").count() == 2)


def test_recorded_twice_it_is_written_once(house):
    machine = Machine(CircuitState())
    machine.record(Report(failed=5), 1_700_000_000.0)
    news = CircuitNews(
        "payments", "circuit-payments", "run", 1.7e9, STATE.dump(machine.state), machine.news, machine.state.minutes
    )
    record_circuit(news)
    record_circuit(news)
    assert (Change.objects.count(), Sample.objects.count(), Entry.objects.count()) == (1, 1, 1)


SOUND = STATE.dump(CircuitState())["state"]
UNSOUND = {
    "a state that there is not": {"state": "ajar"},
    "open goes with retry_at": {"state": "open"},
    "override does not fit": {"state": "disabled"},
    "config_until goes with": {"config_until": 1.0},
    "its clock is ahead": {"clock": 1e18},
    "its window is not that": {"window": {"seconds": 0.0, "buckets": []}},
    "recent must be over": {"recent": {"seconds": 0.0, "buckets": []}},
    "its counts are not complete": {"recent": {"seconds": 20.0, "buckets": [{"start": 1.0, "counts": [1]}]}},
    "its settings are not valid": {"config": {"half_open_attempts": 0}},
    "too many callers": {"callers": {str(n): {"seq": 1, "at": 1.0} for n in range(201)}},
    "must be of type float": {"since": float("nan")},
}


@pytest.mark.parametrize("words", UNSOUND)
def test_a_carried_state_that_would_stand_still_or_stumble_is_refused_with_a_sentence(words):
    with pytest.raises(UnreadableState, match=words):
        read_state({"kind": "circuit", "version": 1, "state": SOUND | UNSOUND[words]}, now=1e9)
    assert read_state({"kind": "circuit", "version": 1, "state": SOUND}, now=1e9) == CircuitState()


def test_a_workflow_begun_with_such_a_state_ends_with_the_sentence(house):
    handle = begun(house, "payments", None, {"kind": "circuit", "version": 1, "state": {"state": "ajar"}})
    with pytest.raises(Exception) as failed:
        house.result(handle)
    assert "a state that there is not" in str(failed.value.cause)
