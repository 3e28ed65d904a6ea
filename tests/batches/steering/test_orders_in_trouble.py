"""An order in trouble: Temporal or workers away, batches terminated, ids misused, and what nobody ever answers."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import Batch, Order
from batches.steering import sending, services, settling
from tests.approvals.core.proxy import proxy_to
from tests.batches.steering.conftest import STILL
from tests.circuits.conftest import NOBODY
from tests.clicking import settled, waited
from tests.temporal import until
from worker import client as door


def test_a_refused_connection_is_not_sent_and_the_same_form_sends_it_later(steered, olga, via):
    steered.begin()
    same = {"order_id": str(uuid.uuid4()), "shown": 0}
    via(NOBODY)
    receipt = steered.click(olga, **same)
    assert (receipt.state, receipt.order.reason) == ("not_sent", "They move house")
    waited(receipt.order, minutes=1)
    assert sending.send_unsettled() == 0  # who was told "not sent" may have thought better of it
    via(steered.address)
    assert steered.click(olga, **same, reason="They move house today").state == "recorded"
    assert steered.told()["paused_reason"] == "They move house today"


def test_an_answer_that_is_held_back_leaves_it_unknown_and_it_takes_effect_once(steered, olga, via):
    row = steered.begin()
    steered.house.worker.stop()
    with proxy_to(steered.address) as proxy:
        via(proxy.address)
        assert door.describe(row.workflow_id).status == "RUNNING"
        proxy.swallowing = True
        receipt = steered.click(olga, patience=0.0)
    assert (receipt.state, receipt.order.state) == ("recording", "unknown")
    via(steered.address)
    waited(receipt.order, seconds=4)
    assert sending.send_unsettled() == 1
    steered.house.worker.start()
    assert settled(receipt.order).state == "applied"
    assert steered.told()["interventions"] == 1


def test_a_click_whose_process_died_before_it_was_sent_is_sent_by_the_chore(steered, olga, via):
    steered.begin()
    via(NOBODY)
    order = steered.click(olga).order
    via(steered.address)
    Order.objects.filter(pk=order.pk).update(state="made", made_at=timezone.now() - timedelta(seconds=6))
    assert sending.send_unsettled() == 1
    assert settled(order).state == "applied"


def test_with_every_worker_down_it_is_safe_to_leave(steered, olga):
    steered.begin()
    steered.house.worker.stop()
    receipt = steered.click(olga, patience=0.1)
    assert (receipt.state, receipt.order.state) == ("recording", "sent")
    waited(receipt.order, minutes=10)
    Order.objects.update(tries=sending.TRIES)
    sending.send_unsettled()  # a batch that cannot answer has it in its history: it is not given up
    steered.house.worker.start()
    assert settled(receipt.order).state == "applied"


def test_an_order_of_a_batch_that_was_terminated_came_too_late(steered, olga):
    steered.begin()
    steered.house.worker.stop()
    order = steered.click(olga, patience=0.0).order
    steered.house.run(steered.batch.handle.terminate("gone"))
    for tries in (1, sending.TRIES):
        Order.objects.update(tries=tries, state="sent", settled_at=None, code="")
        waited(order, minutes=1)
        assert sending.send_unsettled() == 1
        order.refresh_from_db()
        assert (order.state, order.code) == ("refused", "over")


def test_the_next_batch_under_the_same_workflow_id_hears_nothing_of_it(steered, olga):
    row = steered.begin()
    steered.house.run(steered.batch.handle.terminate("gone"))
    spec = {"title": "Next", "job": "told", "source": {"items": [1, 2, 3]}, "chunk_size": 1, "pace": STILL}
    again = steered.batches.start_given(spec, id=row.workflow_id)
    again.becomes("running", succeeded=1)
    until(lambda: Batch.objects.filter(workflow_id=row.workflow_id).count() == 2)
    assert steered.click(olga, batch=row).order.code == "over"
    assert again.told()["interventions"] == 0


def test_a_batch_that_waits_to_be_started_can_be_sent_nothing_yet(steered, olga):
    row = Batch.objects.create(workflow_id="batch-x", first_run_id="", title="Orders")
    assert steered.click(olga, batch=row).state == "not_sent"


def test_an_order_that_could_not_be_sent_for_long_is_not_sent_any_more(steered, olga, via):
    steered.begin()
    via(NOBODY)
    order = steered.click(olga).order
    Order.objects.update(state="unknown")
    waited(order, minutes=16)
    via(steered.address)
    sending.send_unsettled()
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "late")
    assert "not known" in services.receipt_of(order).reason
    assert steered.told()["interventions"] == 0


def test_an_order_that_its_batch_knows_nothing_of_is_given_up_after_a_look(steered, olga, via):
    steered.begin()
    via(NOBODY)
    order = steered.click(olga).order
    via(steered.address)
    Order.objects.update(state="sent", tries=sending.TRIES)
    waited(order, minutes=1)
    assert sending.send_unsettled() == 1
    order.refresh_from_db()
    assert (order.state, order.code) == ("refused", "lost")
    assert "knows nothing of this order" in order.why_not


def test_the_batchs_word_stands_above_what_was_guessed(steered, olga):
    steered.begin()
    steered.house.worker.stop()
    order = steered.click(olga, patience=0.1).order
    assert settling.give_up(order, Order.Code.LATE)
    steered.house.worker.start()
    until(lambda: Order.objects.filter(pk=order.pk, state="applied", code="").exists())


FORGED = {
    "another action": ("cancel", ["olga", "They move house"]),
    "another reason": ("pause", ["olga", "else"]),
    "another name": ("pause", ["dirk", "They move house"]),
}


@pytest.mark.parametrize("how", FORGED)
def test_an_id_that_somebody_read_in_temporal_proves_nothing(steered, olga, via, how):
    """A program was first with the id, and with something else: nobody takes that for olga's click."""
    name, args = FORGED[how]
    steered.begin()
    via(NOBODY)
    order = steered.click(olga).order
    via(steered.address)
    steered.batch.signal(name, *args, order.order_id)
    event = until(lambda: steered.row.events.filter(order=order.order_id).first())
    assert event.known == "program"
    if name == "pause":
        Order.objects.update(state="sent", tries=sending.TRIES)
        waited(order, minutes=1)
        sending.send_unsettled()
        order.refresh_from_db()
        assert (order.state, order.code) == ("refused", "reused")


def test_other_limits_under_the_id_of_a_click_are_a_programs(steered, olga, via):
    steered.begin()
    via(NOBODY)
    order = steered.click(olga, "limits", wanted={"max_parallel": 3}).order
    via(steered.address)
    given = {"max_parallel": 400, "actor": "olga", "reason": "They move house", "order_id": order.order_id}
    steered.batch.signal("set_limits", given)
    event = until(lambda: steered.row.events.filter(kind="limited").first())
    assert event.known == "program"
    order.refresh_from_db()
    assert order.settled_at is None
