"""An order counts once, is never lost, and its receipt says what is known of it."""

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from audit.models import Entry
from circuits import services
from circuits.models import Change, Order, Service
from dashboard.counters import counters
from live.counting import totals
from tests.circuits.conftest import NOBODY, ordered
from tests.clicking import at_once
from tests.conftest import person
from tests.temporal import until

# --- one order --------------------------------------------------------------------------------------------------


def test_an_order_is_recorded_as_clicked_by_somebody_signed_in(circuits, olga):
    circuits.begin()
    receipt = circuits.click(olga)
    assert (receipt.state, receipt.reason) == ("recorded", "")
    row = circuits.row()
    assert (row.state, row.actor, row.reason) == ("forced_open", "olga", "They move house")
    change = row.changes.first()
    assert (change.actor, change.known) == ("olga", "signed_in")
    entry = Entry.objects.filter(stream=row.stream).latest("seq")
    assert (entry.kind, entry.actor, entry.known) == ("circuit.changed", "olga", "signed_in")
    assert entry.data["reason"] == "They move house"
    assert entry.data["until"] == pytest.approx(entry.data["at"] + 3_600)
    assert entry.data["made_at"] <= entry.data["at"]


@pytest.mark.parametrize(
    ("action", "state"),
    [("forced_open", "forced_open"), ("disabled", "disabled"), ("metrics_only", "metrics_only"), ("closed", "closed"),
     ("reset", "closed"), ("configure", "closed")],
)  # fmt: skip
def test_each_control_does_what_it_says_and_names_who(circuits, olga, action, state):
    circuits.begin()
    config = {"failure_threshold": 3} if action == "configure" else None
    assert circuits.click(olga, action, config=config).state == "recorded"
    told = circuits.told()
    assert told["state"] == state
    last = told["transitions"][-1]
    assert (last["actor"], last["reason"]) == ("olga", "They move house")
    assert (told["config"]["failure_threshold"] == 3) == (action == "configure")


def test_thresholds_that_are_not_named_stay_as_they_are_in_force(circuits, olga):
    circuits.begin({"timeout_seconds": 7, "failure_threshold": 9})
    circuits.click(olga, "configure", config={"failure_threshold": 3})
    told = circuits.told()
    assert (told["config"]["timeout_seconds"], told["config"]["failure_threshold"]) == (7, 3)
    assert told["config_until"] is not None
    entry = Entry.objects.filter(kind="circuit.configured").latest("pk")
    assert (entry.data["config"]["failure_threshold"], entry.known) == (3, "signed_in")


def test_a_second_click_on_the_same_form_is_the_same_click(circuits, olga):
    circuits.begin()
    same = {"order_id": str(uuid.uuid4()), "shown": 1}
    first, second = at_once(*[lambda: circuits.click(olga, **same)] * 2)
    third = circuits.click(olga, **same)
    assert [r.state for r in (first, second, third)] == ["recorded"] * 3
    assert (Order.objects.count(), ordered(circuits)) == (1, 1)


@pytest.mark.parametrize("other", [{"reason": "else"}, {"seconds": 61.0}, {"action": "disabled"}])
def test_the_same_id_with_other_content_is_refused_and_in_the_ledger(circuits, olga, other):
    circuits.begin()
    key = str(uuid.uuid4())
    circuits.click(olga, order_id=key)
    receipt = circuits.click(olga, **{"order_id": key, **other})
    assert (receipt.state, receipt.order) == ("refused", None)
    assert "sent before" in receipt.reason
    assert ordered(circuits) == 1
    entry = Entry.objects.filter(kind="circuit.refused").get()
    assert (entry.actor, entry.data["code"]) == ("olga", "id_reused")


def test_somebody_elses_id_is_refused(circuits, olga, boss):
    circuits.begin()
    key = str(uuid.uuid4())
    circuits.click(olga, order_id=key)
    assert circuits.click(boss, order_id=key).state == "refused"
    assert Order.objects.get().username == "olga"


# --- two people -------------------------------------------------------------------------------------------------


def test_two_operators_at_once_one_counts_and_the_other_reads_who_was_first(circuits, olga):
    circuits.begin()
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Fels")
    receipts = at_once(
        lambda: circuits.click(olga, "forced_open", shown=1),
        lambda: circuits.click(otto, "forced_open", shown=1),
    )
    assert sorted(receipt.state for receipt in receipts) == ["recorded", "refused"]
    assert ordered(circuits) == 1
    refused = next(receipt for receipt in receipts if receipt.state == "refused")
    first = "olga" if refused.order.username == "otto" else "Otto Fels (otto)"
    assert refused.reason.startswith(f"{first} forced it open at ")
    assert "Look again" in refused.reason
    entry = Entry.objects.filter(kind="circuit.refused").get()
    assert (entry.actor, entry.known) == (refused.order.username, "signed_in")


def test_the_hour_of_who_was_first_is_that_of_the_reader(circuits, olga, boss):
    circuits.begin()
    circuits.click(boss, "disabled")
    receipt = circuits.click(olga, shown=1)
    at = Change.objects.filter(actor="admin").get().at
    for zone in ("Asia/Tokyo", "America/Lima"):
        with timezone.override(zone):
            there = datetime.fromtimestamp(at.timestamp(), ZoneInfo(zone))
            assert f"switched it off at {there:%H:%M}," in services.receipt_of(receipt.order).reason


def test_a_program_that_was_first_is_called_one(circuits, olga):
    circuits.begin()
    circuits.house.signal(circuits.handle(), "override", "disabled", "because", "dirk", 600)
    until(lambda: circuits.row().state == "disabled")
    receipt = circuits.click(olga, shown=1)
    assert receipt.reason.startswith("A program, as “dirk”, switched it off at ")


# --- who may, and what makes no sense ---------------------------------------------------------------------------


@pytest.mark.parametrize("action", Order.Action.values)
def test_without_the_group_nothing_can_be_ordered(db, rita, action):
    Service.objects.create(name="payments")
    asleep = person("asleep", groups=("ops",), is_active=False)
    for nobody in (rita, asleep):
        with pytest.raises(PermissionDenied):
            services.order(
                service="payments", action=action, reason="x", seconds=60, order_id="1", shown=0, by=nobody
            )  # fmt: skip
    assert not Order.objects.exists()


NONSENSE = [
    ({"service": "payment"}, "service", "There is no service “payment”"),
    ({"service": "pay\x00ments"}, "service", "There is no service “payments”"),
    ({"action": "explode"}, "action", "nothing that can be ordered"),
    ({"action": "open"}, "action", "nothing that can be ordered"),
    ({"reason": " \x00\n"}, "reason", "Say why"),
    ({"reason": "x" * 1_001}, "reason", "1001 characters; at most 1000"),
    ({"seconds": None}, "seconds", "Say for how long"),
    ({"seconds": 59.9}, "seconds", "at least a minute"),
    ({"seconds": 7 * 86_400 + 1}, "seconds", "at most seven days"),
    ({"seconds": float("nan")}, "seconds", "at least a minute"),
    ({"seconds": True}, "seconds", "at least a minute"),
    ({"action": "configure"}, "config", "Say which thresholds"),
    ({"action": "configure", "config": {"failure_threshold": 0}}, "config", "from 1 to 100,000"),
    ({"action": "configure", "config": {"failure_threshold": -3}}, "config", "from 1 to 100,000"),
    ({"action": "configure", "config": {"timeout_seconds": 1e9}}, "config", "timeout_seconds must be a number"),
    ({"action": "configure", "config": {"slow_rate": 0.5}}, "config", "slow_rate needs slow_seconds"),
    ({"action": "configure", "config": {"version": 99}}, "config", "no threshold “version”"),
    ({"action": "configure", "config": {"actor": "admin"}}, "config", "no threshold “actor”"),
    ({"order_id": ""}, "order_id", "Open the page again"),
    ({"order_id": "x" * 65}, "order_id", "Open the page again"),
]


@pytest.mark.parametrize(("given", "field", "said"), NONSENSE)
def test_what_makes_no_sense_is_said_beside_its_field_and_never_sent(db, olga, given, field, said):
    Service.objects.create(name="payments")
    usual = {"service": "payments", "action": "forced_open", "reason": "why", "seconds": 60.0, "order_id": "1"}
    with pytest.raises(ValidationError) as refused:
        services.order(**{**usual, "shown": 0, "by": olga, **given})
    assert list(refused.value.message_dict) == [field]
    assert said in " ".join(refused.value.message_dict[field])
    assert not Order.objects.exists()


def test_rubbish_as_the_number_that_was_seen_counts_as_none(circuits, olga):
    circuits.begin()
    for rubbish in (-1, 2**60, True, "1", 1.5):
        assert circuits.click(olga, shown=rubbish).state == "recorded"


# --- counted ----------------------------------------------------------------------------------------------------


def test_orders_are_counted_by_action_and_outcome(circuits, olga, via):
    circuits.begin()
    circuits.click(olga)
    circuits.click(olga, shown=1)
    via(NOBODY)
    circuits.click(olga, "reset")
    assert totals()["circuit_orders"] == {
        '{"action": "forced_open", "outcome": "applied"}': 1,
        '{"action": "forced_open", "outcome": "refused"}': 1,
        '{"action": "reset", "outcome": "not_sent"}': 1,
    }
    families = {family.name: family for family in counters()}
    assert {sample.name for sample in families["leitstand_circuit_orders"].samples} == {
        "leitstand_circuit_orders_total"
    }
