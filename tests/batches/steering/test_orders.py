"""An order counts once, does what it says, and its receipt says what is known of it."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from audit.models import Entry
from batches.models import Batch, Order
from batches.steering import services
from dashboard.counters import counters
from live.counting import totals
from tests.clicking import at_once
from tests.conftest import person
from tests.temporal import until

# --- one order --------------------------------------------------------------------------------------------------


def test_an_order_is_recorded_as_clicked_by_somebody_signed_in(steered, olga):
    steered.begin()
    receipt = steered.click(olga)
    assert (receipt.state, receipt.reason) == ("recorded", "")
    event = steered.row.events.first()
    assert (event.kind, event.actor, event.known, event.reason) == ("paused", "olga", "signed_in", "They move house")
    entry = Entry.objects.get(kind="batch.paused")
    assert (entry.actor, entry.known, entry.data["reason"]) == ("olga", "signed_in", "They move house")
    assert entry.data["made_at"] <= entry.data["at"]
    assert steered.told()["paused_by"] == "olga"


def test_what_a_program_sends_is_a_claim(steered):
    steered.begin()
    steered.batch.signal("pause", "olga", "They move house")
    event = until(lambda: steered.row.events.filter(kind="paused").first())
    assert event.known == "program"


def test_it_is_paused_retuned_resumed_and_ends_well(steered, olga):
    steered.begin()
    assert steered.click(olga, "pause").state == "recorded"
    assert steered.told()["state"] == "paused"
    wanted = {"max_parallel": 4, "pace": None}
    assert steered.click(olga, "limits", wanted=wanted).state == "recorded"
    told = steered.told()
    assert (told["max_parallel"], told["pace"], told["state"]) == (4, [], "paused")
    assert steered.click(olga, "resume", reason="").state == "recorded"
    assert steered.batch.result()["successful"] == 35
    kinds = list(steered.row.events.order_by("number").values_list("kind", "known", "what"))
    assert kinds[1:] == [
        ("paused", "signed_in", ""),
        ("limited", "signed_in", "4 chunks at once instead of 10, no pace"),
        ("resumed", "signed_in", ""),
    ]


def test_several_limits_at_once_are_in_force_and_in_the_ledger(steered, olga):
    steered.begin()
    pace = [{"kind": "sliding_window", "limit": 20, "per_seconds": 60}, STEADY]
    assert steered.click(olga, "limits", wanted={"pace": pace}).state == "recorded"
    assert [(each["kind"], each["limit"]) for each in steered.told()["pace"]] == [
        ("sliding_window", 20),
        ("token_bucket", 5),
    ]
    entry = Entry.objects.get(kind="batch.limited")
    assert entry.known == "signed_in"
    assert [each["limit"] for each in entry.data["details"]["pace"]] == [20, 5]


STEADY = {"kind": "token_bucket", "limit": 5, "per_seconds": 1, "burst": 2}


def test_cancelled_it_ends_and_keeps_what_is_known(steered, olga):
    steered.begin()
    assert steered.click(olga, "cancel").state == "recorded"
    result = steered.batch.result()
    assert (result["status"], result["successful"], result["not_run"]) == ("cancelled", 1, 34)
    assert steered.row.events.get(kind="cancelling").known == "signed_in"


def test_a_sample_of_one_group_is_run_again_first(steered, olga, told):
    row = steered.begin_with_failures()
    group = row.groups.get(words="there is no such order").fingerprint
    told.well |= {"never", "raises"}
    receipt = steered.click(olga, "retry", wanted={"group": group, "sample": 2})
    assert receipt.state == "recorded"
    assert steered.click(olga, "resume").state == "recorded"
    result = steered.batch.result()
    assert (result["successful"], result["failed"]) == (2, 8)
    entry = Entry.objects.get(kind="batch.retried")
    assert (entry.known, entry.data["details"]) == ("signed_in", {"group": group, "sample": 2})


# --- what changes nothing ---------------------------------------------------------------------------------------


def test_a_pause_of_what_is_paused_says_who_was_first(steered, olga):
    steered.begin()
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Fels")
    steered.click(otto)
    receipt = steered.click(olga)
    assert (receipt.state, receipt.order.code) == ("refused", "paused")
    assert receipt.reason.startswith("Otto Fels (otto) paused it at ")


def test_a_pause_of_what_has_paused_by_itself_says_so(steered, olga):
    steered.begin_with_failures()
    assert steered.click(olga).reason == "It was paused already, so nothing was changed."


@pytest.mark.parametrize(
    ("action", "code", "said"),
    [("resume", "not_paused", "It was not paused"), ("retry", "none_failed", "No failed item counted yet")],
)
def test_what_there_is_nothing_to_do_for_is_said(steered, olga, action, code, said):
    steered.begin()
    receipt = steered.click(olga, action)
    assert (receipt.state, receipt.order.code) == ("refused", code)
    assert said in receipt.reason
    entry = Entry.objects.get(kind="batch.refused")
    assert (entry.actor, entry.known, entry.data["cause"], entry.data["action"]) == ("olga", "signed_in", code, action)
    assert steered.told()["interventions"] == 0


@pytest.mark.parametrize("action", Order.Action.values)
def test_an_ended_batch_takes_no_orders_and_says_when_it_ended(steered, olga, action):
    steered.batch = steered.batches.start([{"n": 1}])
    assert steered.batch.result()["status"] == "completed"
    receipt = steered.click(olga, action)
    assert (receipt.state, receipt.order.code) == ("refused", "over")
    assert receipt.reason.startswith("The batch had ended at ")
    assert "(completed)" in receipt.reason
    entry = Entry.objects.get(kind="batch.refused")
    assert (entry.actor, entry.known, entry.data["cause"]) == ("olga", "signed_in", "over")


def test_what_comes_while_it_ends_is_refused_by_the_batch_itself(steered, olga, told):
    told.open.clear()
    steered.batch = steered.batches.start(ITEMS_HELD)
    steered.batch.becomes("running", running=20)
    assert steered.click(olga, "cancel").state == "recorded"
    receipt = steered.click(olga, "pause")
    assert (receipt.state, receipt.order.code) == ("refused", "over")
    assert receipt.reason == "The batch was ending when this came, or runs no more, so nothing was changed."
    told.open.set()
    assert steered.batch.result()["status"] == "cancelled"


ITEMS_HELD = [{"n": n} for n in range(20)]


# --- twice, and two people --------------------------------------------------------------------------------------


def test_a_second_click_on_the_same_form_is_the_same_click(steered, olga):
    steered.begin()
    same = {"order_id": str(uuid.uuid4()), "shown": 0}
    first, second = at_once(*[lambda: steered.click(olga, **same)] * 2)
    third = steered.click(olga, **same)
    assert [r.state for r in (first, second, third)] == ["recorded"] * 3
    assert (Order.objects.count(), steered.told()["interventions"]) == (1, 1)


@pytest.mark.parametrize("other", [{"reason": "else"}, {"action": "cancel"}])
def test_the_same_id_with_other_content_is_refused_and_in_the_ledger(steered, olga, other):
    steered.begin()
    key = str(uuid.uuid4())
    steered.click(olga, order_id=key)
    receipt = steered.click(olga, **{"order_id": key, **other})
    assert (receipt.state, receipt.order) == ("refused", None)
    assert "sent before" in receipt.reason
    entry = Entry.objects.filter(kind="batch.refused").get()
    assert (entry.actor, entry.data["code"]) == ("olga", "id_reused")
    assert steered.told()["interventions"] == 1


def test_somebody_elses_id_is_refused(steered, olga, boss):
    steered.begin()
    key = str(uuid.uuid4())
    steered.click(olga, order_id=key)
    assert steered.click(boss, order_id=key).state == "refused"
    assert Order.objects.get().username == "olga"


def test_two_operators_at_once_one_counts_and_the_other_reads_who_was_first(steered, olga):
    steered.begin()
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Fels")
    receipts = at_once(
        lambda: steered.click(olga, "pause", shown=0),
        lambda: steered.click(otto, "cancel", shown=0),
    )
    assert sorted(receipt.state for receipt in receipts) == ["recorded", "refused"]
    refused = next(receipt for receipt in receipts if receipt.state == "refused")
    first = "olga paused it" if refused.order.username == "otto" else "Otto Fels (otto) cancelled it"
    assert refused.reason.startswith(f"{first} at ")
    assert "Look again" in refused.reason
    entry = Entry.objects.filter(kind="batch.refused").get()
    assert (entry.actor, entry.known) == (refused.order.username, "signed_in")


def test_a_program_that_was_first_is_called_one(steered, olga):
    steered.begin()
    steered.batch.signal("set_limits", {"max_parallel": 2, "actor": "dirk"})
    until(lambda: steered.row.told["interventions"] == 1)
    receipt = steered.click(olga, shown=0)
    assert receipt.reason.startswith("A program, as “dirk”, changed its limits at ")


# --- who may, and what makes no sense ---------------------------------------------------------------------------


@pytest.fixture
def row(db):
    return Batch.objects.create(workflow_id="batch-x", first_run_id="x", title="Orders", closed_at=timezone.now())


@pytest.mark.parametrize("action", Order.Action.values)
def test_without_the_group_nothing_can_be_ordered(row, rita, action):
    asleep = person("asleep", groups=("ops",), is_active=False)
    for nobody in (rita, asleep):
        with pytest.raises(PermissionDenied):
            services.order(batch=row, action=action, reason="x", order_id="1", shown=0, by=nobody)
    assert not Order.objects.exists()


NONSENSE = [
    ({"action": "explode"}, "action", "nothing that can be ordered"),
    ({"reason": " \x00\n"}, "reason", "Say why"),
    ({"action": "cancel", "reason": ""}, "reason", "Say why"),
    ({"reason": "x" * 1_001}, "reason", "1001 characters; at most 1000"),
    ({"action": "resume", "reason": "x" * 1_001}, "reason", "1001 characters; at most 1000"),
    ({"action": "limits"}, "limits", "Say which limits"),
    ({"action": "limits", "wanted": {"max_parallel": 0}}, "limits", "from 1 to 500"),
    ({"action": "limits", "wanted": {"max_parallel": 10_000}}, "limits", "from 1 to 500"),
    ({"action": "limits", "wanted": {"pace": [{"kind": "token_bucket", "limit": 0, "per_seconds": 1}]}}, "limits",
     "from 1 to 1,000,000,000"),
    ({"action": "limits", "wanted": {"pace": "fast"}}, "limits", "pace must be an object"),
    ({"action": "retry", "wanted": {"group": "nobody"}}, "group", "no such group"),
    ({"action": "retry", "wanted": {"sample": -1}}, "sample", "from 1 to 1,000,000"),
    ({"action": "retry", "wanted": {"sample": True}}, "sample", "from 1 to 1,000,000"),
    ({"order_id": ""}, "order_id", "Open the page again"),
    ({"order_id": "x" * 65}, "order_id", "Open the page again"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "field", "said"), NONSENSE, ids=[f"{n}" for n in range(len(NONSENSE))])
def test_what_makes_no_sense_is_said_beside_its_field_and_never_sent(row, olga, given, field, said):
    usual = {"batch": row, "action": "pause", "reason": "why", "order_id": "1"}
    with pytest.raises(ValidationError) as refused:
        services.order(**{**usual, "shown": 0, "by": olga, **given})
    assert list(refused.value.message_dict) == [field]
    assert said in " ".join(refused.value.message_dict[field])
    assert not Order.objects.exists()


# --- counted ----------------------------------------------------------------------------------------------------


def test_orders_are_counted_by_action_and_outcome(steered, olga):
    steered.begin()
    steered.click(olga)
    steered.click(olga)
    assert totals()["batch_orders"] == {
        '{"action": "pause", "outcome": "applied"}': 1,
        '{"action": "pause", "outcome": "refused"}': 1,
    }
    families = {family.name: family for family in counters()}
    assert {sample.name for sample in families["leitstand_batch_orders"].samples} == {"leitstand_batch_orders_total"}
