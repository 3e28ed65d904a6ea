"""An order of a limit counts once, is never lost, and its receipt says what the server has said."""

import math
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Entry
from circuits.limits import sending, settling
from circuits.limits.identity import identity_of
from circuits.models import LimitOrder
from live.counting import totals
from tests.circuits.conftest import NOBODY
from tests.clicking import at_once, waited
from tests.conftest import person
from worker import client as door


def kinds(queues):
    return list(Entry.objects.filter(stream=f"limit:{queues.work}").order_by("seq").values_list("kind", "actor"))


# --- one order --------------------------------------------------------------------------------------------------


def test_a_limit_is_set_at_the_server_with_who_and_why_and_is_in_the_ledger_first(queues, olga):
    receipt = queues.click(olga, 12.5)
    assert (receipt.state, receipt.reason) == ("recorded", "")
    told = queues.told()
    assert (told.limit, told.effective, told.source, told.set_reason) == (12.5, 12.5, "api", "Their night")
    assert told.set_by == identity_of(receipt.order)
    assert kinds(queues) == [("limit.ordered", "olga"), ("limit.set", "olga")]
    assert Entry.objects.get(kind="limit.set").data["per_second"] == 12.5


def test_a_reset_takes_the_limit_away(queues, olga):
    queues.click(olga)
    assert queues.click(olga, None).state == "recorded"
    assert (queues.told().limit, queues.told().source) == (None, "system")
    assert kinds(queues)[-1] == ("limit.reset", "olga")


def test_a_second_click_on_the_same_form_is_the_same_click(queues, olga):
    same = {"order_id": str(uuid.uuid4()), "shown": 0}
    receipts = at_once(*[lambda: queues.click(olga, **same)] * 3)
    assert [receipt.state for receipt in receipts] == ["recorded"] * 3
    assert len(kinds(queues)) == 2
    assert LimitOrder.objects.get().number == 1


@pytest.mark.parametrize("other", [{"reason": "else"}, {"rate": 21.0}, {"rate": None}])
def test_the_same_id_with_other_content_is_refused_and_in_the_ledger(queues, olga, other):
    key = str(uuid.uuid4())
    queues.click(olga, order_id=key)
    receipt = queues.click(olga, **{"order_id": key, **other})
    assert (receipt.state, receipt.order) == ("refused", None)
    assert "sent before" in receipt.reason
    assert queues.told().limit == 20.0
    assert kinds(queues)[-1] == ("limit.refused", "olga")


def test_orders_are_counted_by_what_came_of_them(queues, olga):
    before = totals().get("limit_orders", {}).copy()
    queues.click(olga)
    queues.click(olga, None, shown=0)
    after = totals()["limit_orders"]
    assert sum(after.values()) - sum(before.values()) == 2
    assert any('"overtaken"' in labels for labels in after)


# --- two people -------------------------------------------------------------------------------------------------


def test_two_operators_at_once_one_counts_and_the_other_reads_who_was_first(queues, olga):
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Fels")
    receipts = at_once(
        lambda: queues.click(olga, 11.0, shown=0),
        lambda: queues.click(otto, 22.0, shown=0),
    )
    assert sorted(receipt.state for receipt in receipts) == ["recorded", "refused"]
    refused = next(receipt for receipt in receipts if receipt.state == "refused")
    first = ("olga", 11.0) if refused.order.username == "otto" else ("Otto Fels (otto)", 22.0)
    assert refused.reason.startswith(f"{first[0]} set the limit to {first[1]:g} a second at ")
    assert queues.told().limit == first[1]
    assert refused.order.number is None


# --- who may, and what makes no sense ---------------------------------------------------------------------------


def test_without_the_group_nothing_can_be_ordered(queues, rita):
    asleep = person("asleep", groups=("ops",), is_active=False)
    for user in (rita, asleep):
        with pytest.raises(PermissionDenied):
            queues.click(user)
    assert not LimitOrder.objects.exists()


@pytest.mark.parametrize(
    ("rate", "words"),
    [(-1.0, "cannot be below 0"), (math.nan, "Give a number"), (True, "Give a number"), ("5", "Give a number"),
     (math.inf, "The largest limit is 100,000"), (100_001.0, "The largest"), (0.001, "The smallest limit is 0.01")],
    ids=str,
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_refused_in_words(queues, olga, rate, words):
    with pytest.raises(ValidationError) as wrong:
        queues.click(olga, rate)
    assert list(wrong.value.message_dict) == ["per_second"]
    assert words in wrong.value.message_dict["per_second"][0]
    assert not LimitOrder.objects.exists()


def test_nought_stops_the_queue_of_work_and_is_refused_for_that_of_decisions(queues, olga):
    assert queues.click(olga, 0.0).state == "recorded"
    assert (queues.told().limit, queues.told().effective) == (0.0, 0.0)
    for rate in (0.0, 0.5):
        with pytest.raises(ValidationError, match="Decisions are recorded on this queue"):
            queues.click(olga, rate, queue=queues.decisions)
    assert queues.click(olga, 1.0, queue=queues.decisions).state == "recorded"


@pytest.mark.parametrize(
    ("more", "field"),
    [({"reason": " "}, "reason"), ({"reason": "x" * 1_001}, "reason"), ({"queue": "lunch"}, "queue"),
     ({"order_id": ""}, "order_id"), ({"action": "paint"}, "action")],
    ids=["no reason", "a long reason", "no such queue", "no id", "no such order"],
)  # fmt: skip
def test_what_else_makes_no_sense_is_refused_beside_its_field(queues, olga, more, field):
    with pytest.raises(ValidationError) as wrong:
        queues.click(olga, **more)
    assert field in wrong.value.message_dict


# --- trouble ----------------------------------------------------------------------------------------------------


def test_with_temporal_down_an_order_is_kept_and_sent_once_it_is_back(queues, olga, via):
    via(NOBODY)
    receipt = queues.click(olga, 7.0)
    assert (receipt.state, receipt.order.state) == ("recording", "unknown")
    assert sending.send_unsettled() == 0  # not at once again
    waited(receipt.order, seconds=10)
    assert sending.send_unsettled() == 0
    via(queues.address)
    waited(receipt.order, seconds=10)
    assert sending.send_unsettled() == 1
    receipt.order.refresh_from_db()
    assert (receipt.order.state, queues.told().limit) == ("applied", 7.0)
    assert sending.send_unsettled() == 0
    assert kinds(queues) == [("limit.ordered", "olga"), ("limit.set", "olga")]


def test_an_order_whose_process_died_before_it_was_sent_is_sent_by_a_worker(queues, olga, via):
    via(NOBODY)
    order = queues.click(olga, 7.0).order
    via(queues.address)
    LimitOrder.objects.filter(pk=order.pk).update(state="made", tries=0)
    waited(order, seconds=10)
    assert (sending.send_unsettled(), queues.told().limit) == (1, 7.0)


def test_what_was_not_sent_yet_gives_way_to_what_is_ordered_after_it(queues, olga, boss, via):
    via(NOBODY)
    first = queues.click(olga, 7.0).order
    via(queues.address)
    assert queues.click(boss, 9.0).state == "recorded"
    first.refresh_from_db()
    assert (first.state, first.code) == ("refused", "superseded")
    assert settling.why_not(first).startswith("admin set the limit to 9 a second at ")
    waited(first, seconds=10)
    assert (sending.send_unsettled(), queues.told().limit) == (0, 9.0)


def test_after_a_quarter_of_an_hour_it_is_not_sent_any_more(queues, olga, via):
    via(NOBODY)
    order = queues.click(olga, 7.0).order
    via(queues.address)
    waited(order, minutes=16)
    sending.send_unsettled()
    order.refresh_from_db()
    assert (order.state, order.code, queues.told().limit) == ("refused", "late", None)
    assert "nobody would expect it now" in settling.why_not(order)
    assert kinds(queues)[-1] == ("limit.refused", "olga")


def test_what_the_server_will_never_do_is_refused_in_its_words(queues, olga, via):
    via(NOBODY)
    order = queues.click(olga, 7.0).order
    via(queues.address)
    LimitOrder.objects.filter(pk=order.pk).update(per_second=-7.0)
    waited(order, seconds=10)
    sending.send_unsettled()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "not_taken")
    assert "must be non-negative" in settling.why_not(order)


def test_an_order_from_before_that_comes_late_is_put_right(queues, olga):
    old, last = (queues.click(olga, rate).order for rate in (5.0, 50.0))
    door.limit_queue(queues.work, 5.0, identity=identity_of(old), reason=old.reason)
    assert sending.keep() == 1
    assert (queues.told().limit, queues.told().set_by) == (50.0, identity_of(last))
    assert sending.keep() == 0


def test_what_somebody_set_by_other_means_is_theirs(queues, olga):
    queues.click(olga, 5.0)
    queues.click(olga, 50.0)
    door.limit_queue(queues.work, 3.0, identity="temporal-cli:root", reason="by hand")
    assert sending.keep() == 0
    assert queues.told().limit == 3.0
