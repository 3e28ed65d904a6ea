"""An order in trouble: Temporal or workers away, entities terminated, ids misused, and what nobody ever answers."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Entry
from circuits import sending, services, settling
from circuits.models import Order, Service
from tests.approvals.core.proxy import proxy_to
from tests.circuits.conftest import NOBODY, ordered
from tests.clicking import settled, waited
from tests.temporal import until

# --- trouble ----------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_not_sent_and_the_same_form_sends_it_later(circuits, olga, via):
    circuits.begin()
    same = {"order_id": str(uuid.uuid4()), "shown": 1}
    via(NOBODY)
    receipt = circuits.click(olga, **same)
    assert (receipt.state, receipt.order.reason) == ("not_sent", "They move house")
    waited(receipt.order, minutes=1)
    assert sending.send_unsettled() == 0  # who was told "not sent" may have thought better of it
    via(circuits.address)
    assert circuits.click(olga, **same, reason="They move house today").state == "recorded"
    assert (circuits.row().reason, ordered(circuits)) == ("They move house today", 1)


def test_an_answer_that_is_held_back_leaves_it_unknown_and_it_takes_effect_once(circuits, olga, via):
    circuits.begin()
    circuits.house.worker.stop()
    with proxy_to(circuits.address) as proxy:
        via(proxy.address)
        assert circuits.told_by_describe() == "RUNNING"
        proxy.swallowing = True
        receipt = circuits.click(olga, patience=0.0)
    assert (receipt.state, receipt.order.state) == ("recording", "unknown")
    via(circuits.address)
    waited(receipt.order, seconds=4)
    assert sending.send_unsettled() == 1
    circuits.house.worker.start()
    assert settled(receipt.order).state == "applied"
    assert ordered(circuits) == 1
    assert circuits.row().changes.filter(actor="olga").count() == 1


def test_a_click_whose_process_died_before_it_was_sent_is_sent_by_the_chore(circuits, olga, via):
    circuits.begin()
    via(NOBODY)
    order = circuits.click(olga).order
    via(circuits.address)
    Order.objects.filter(pk=order.pk).update(state="made", made_at=timezone.now() - timedelta(seconds=6))
    assert sending.send_unsettled() == 1
    assert settled(order).state == "applied"


def test_with_every_worker_down_it_is_safe_to_leave(circuits, olga):
    circuits.begin()
    circuits.house.worker.stop()
    receipt = circuits.click(olga, patience=0.1)
    assert (receipt.state, receipt.order.state) == ("recording", "sent")
    waited(receipt.order, minutes=10)
    Order.objects.update(tries=sending.TRIES)
    sending.send_unsettled()  # an entity that cannot answer has it in its history: it is not given up
    circuits.house.worker.start()
    assert settled(receipt.order).state == "applied"


def test_sent_again_and_again_while_nobody_answers_it_takes_effect_once(circuits, olga):
    circuits.begin()
    circuits.house.worker.stop()
    order = circuits.click(olga, patience=0.0).order
    for tries in (2, 3):
        waited(order, seconds=21)
        assert sending.send_unsettled() == 1
        order.refresh_from_db()
        assert (order.state, order.tries) == ("sent", tries)
    circuits.house.worker.start()
    assert settled(order).state == "applied"
    assert ordered(circuits) == 1


@pytest.mark.parametrize("tries", [1, sending.TRIES])
def test_an_order_that_ended_with_its_entity_is_taken_by_the_next_one(circuits, olga, tries):
    circuits.begin()
    circuits.house.worker.stop()
    order = circuits.click(olga, patience=0.0).order
    circuits.terminate()
    circuits.house.worker.start()
    Order.objects.update(tries=tries)
    waited(order, minutes=1)
    assert sending.send_unsettled() == 1
    assert settled(order).state == "applied"
    assert circuits.row().state == "forced_open"


def test_an_entity_that_was_terminated_begins_again_with_what_it_knew(circuits, olga, boss):
    circuits.begin({"failure_threshold": 42})
    assert circuits.click(boss, "disabled").state == "recorded"
    circuits.terminate()
    assert circuits.click(olga, "metrics_only").state == "recorded"
    told = circuits.told()
    assert (told["config"]["failure_threshold"], told["interventions"]) == (42, 4)
    assert circuits.row().state == "metrics_only"


def test_a_registered_service_that_nobody_has_called_is_begun_by_the_order(circuits, olga):
    Service.objects.create(name=circuits.service, failure_threshold=17)
    assert circuits.click(olga).state == "recorded"
    assert circuits.told()["config"]["failure_threshold"] == 17
    assert (circuits.row().state, circuits.row().config_version) == ("forced_open", 1)


def test_an_entity_that_was_begun_anew_by_a_program_without_what_it_knew_is_written_down(circuits, olga, boss):
    """Its events count from 1 again: they would be taken for what is written down already."""
    circuits.begin()
    for action in ("disabled", "closed", "disabled"):
        circuits.click(boss, action)
    circuits.terminate()
    circuits.begin()
    until(lambda: circuits.row().interventions == 1)
    assert circuits.row().state == "closed"
    assert circuits.click(olga).state == "recorded"
    assert [change.number for change in circuits.row().changes.order_by("number")] == list(range(1, 7))


# --- what the entity never answers ------------------------------------------------------------------------------


def test_an_order_that_could_not_be_sent_for_long_is_not_sent_any_more(circuits, olga, via):
    circuits.begin()
    via(NOBODY)
    order = circuits.click(olga).order
    Order.objects.update(state="unknown")
    waited(order, minutes=16)
    via(circuits.address)
    sending.send_unsettled()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "late")
    assert "not known" in services.receipt_of(order).reason
    assert ordered(circuits) == 0


def test_an_order_that_its_entity_knows_nothing_of_is_given_up_after_a_look(circuits, olga, via):
    circuits.begin()
    via(NOBODY)
    order = circuits.click(olga).order
    via(circuits.address)
    Order.objects.update(state="sent", tries=sending.TRIES)
    waited(order, minutes=1)
    assert sending.send_unsettled() == 1
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "lost")
    assert "knows nothing of this order" in order.why_not


def test_the_entitys_word_stands_above_what_was_guessed(circuits, olga):
    circuits.begin()
    circuits.house.worker.stop()
    order = circuits.click(olga, patience=0.1).order
    assert settling.give_up(order, Order.Code.LATE)
    circuits.house.worker.start()
    until(lambda: Order.objects.filter(pk=order.pk, state="applied", code="").exists())


@pytest.mark.parametrize(
    "other",
    [("disabled", "They move house", "olga", 3_600), ("forced_open", "else", "olga", 3_600),
     ("forced_open", "They move house", "dirk", 3_600), ("forced_open", "They move house", "olga", 7_200)],
)  # fmt: skip
def test_an_id_that_somebody_read_in_temporal_proves_nothing(circuits, olga, via, other):
    """A program was first with the id, and with something else: nobody takes that for olga's click."""
    circuits.begin()
    via(NOBODY)
    order = circuits.click(olga).order
    via(circuits.address)
    circuits.house.signal(circuits.handle(), "override", *other, order.order_id)
    until(lambda: circuits.row().state == other[0])
    assert circuits.row().changes.first().known == "program"
    Order.objects.update(state="sent", tries=sending.TRIES)
    waited(order, minutes=1)
    sending.send_unsettled()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "reused")


def test_a_click_counts_as_signed_in_once(circuits, olga):
    circuits.begin()
    order = circuits.click(olga).order
    circuits.terminate()
    circuits.begin()  # anew: it has forgotten which orders it took
    circuits.house.signal(
        circuits.handle(), "override", "forced_open", "They move house", "olga", 3_600, order.order_id
    )  # fmt: skip
    until(lambda: circuits.row().changes.count() == 4)
    assert circuits.row().changes.first().known == "program"


def test_other_thresholds_under_the_id_of_a_click_are_a_programs(circuits, olga, via):
    circuits.begin()
    via(NOBODY)
    order = circuits.click(olga, "configure", config={"failure_threshold": 3}).order
    via(circuits.address)
    name, (given,) = sending.signal_of(order)
    circuits.house.signal(circuits.handle(), name, {**given, "failure_threshold": 99_999})
    change = until(lambda: circuits.row().changes.filter(kind="configured", actor="olga").first())
    assert change.known == "program"
    order.refresh_from_db()
    assert order.settled_at is None
    entry = Entry.objects.filter(kind="circuit.configured").latest("pk")
    assert (entry.known, entry.data["config"]["failure_threshold"]) == ("program", 99_999)
