"""Ops order on the page of a circuit: asked once more, answered honestly; nobody else orders, however they ask."""

import uuid

import pytest

from audit.models import Entry
from circuits.models import Circuit, Order, Service
from tests.circuits import machine
from tests.circuits.conftest import NOBODY
from tests.circuits.machine import written
from tests.conftest import person
from tests.temporal import until

ACTIONS = {
    "forced_open": "forced_open",
    "disabled": "disabled",
    "metrics_only": "metrics_only",
    "closed": "closed",
    "reset": "closed",
    "configure": "closed",
}
"""What can be ordered, and in which state a closed circuit is then."""
THRESHOLDS = {
    "failure_threshold": "7", "timeout_seconds": "30", "half_open_attempts": "1", "probe_lease_seconds": "10",
    "failure_rate": "50", "slow_rate": "", "slow_seconds": "", "window_seconds": "60", "minimum_calls": "20",
}  # fmt: skip


def fields(action="forced_open", **more):
    usual = {"action": action, "reason": "They move house", "span": "3600", "minutes": "", "shown": "",
             "order_id": str(uuid.uuid4()), **(THRESHOLDS if action == "configure" else {})}  # fmt: skip
    return {**usual, **more}


def post(client, service, data, **headers):
    return client.post(f"/circuits/{service}/order/", data, headers=headers)


def words(answer):
    return " ".join(answer.content.decode().split())


# --- who may ----------------------------------------------------------------------------------------------------


def test_only_ops_see_what_can_be_ordered(client, olga, rita, boss):
    written("payments", machine.opens)

    def offered(user):
        client.force_login(user)
        pages = [client.get(address).content.decode() for address in ("/circuits/payments/", "/circuits/")]
        return ["order=" in page for page in pages]

    assert [offered(user) for user in (olga, boss, rita)] == [[True, True], [True, True], [False, False]]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_hand_made_request_of_an_outsider_is_refused_in_words_and_changes_nothing(client, rita, action):
    written("payments")
    client.force_login(rita)
    for data in (fields(action), fields(action, ask="1"), {}):
        answer = post(client, "payments", data)
        assert answer.status_code == 403
        assert "This is not yours to do" in words(answer)
    assert client.get(f"/circuits/payments/order/?action={action}", headers={"HX-Request": "true"}).status_code == 403
    assert not Order.objects.exists()


def test_who_is_not_signed_in_keeps_what_was_typed(client, db):
    written("payments")
    assert post(client, "payments", fields(), **{"HX-Request": "true"}).status_code == 401
    assert post(client, "payments", fields(), accept="application/json").json()["state"] == "not_signed_in"
    assert post(client, "payments", fields()).status_code == 302


def test_who_was_of_ops_and_is_no_more_orders_nothing(client, olga):
    written("payments")
    client.force_login(olga)
    olga.groups.clear()
    assert post(client, "payments", fields()).status_code == 403
    assert not Order.objects.exists()


def test_a_service_that_nobody_knows_is_not_found(client, olga):
    client.force_login(olga)
    assert post(client, "nobody", fields()).status_code == 404
    assert not Order.objects.exists()


def test_a_receipt_is_for_who_ordered_it(client, olga, rita):
    otto = person("otto", groups=("ops",))
    circuit = written("payments")
    made = Order.objects.create(
        order_id=str(uuid.uuid4()), service=circuit.service, action="closed", reason="x", user=olga, username="olga",
        made_at=circuit.written_at,
    )  # fmt: skip
    address = f"/circuits/payments/order/{made.order_id}/"
    seen = []
    for user in (olga, otto, rita):
        client.force_login(user)
        seen.append(client.get(address, headers={"HX-Request": "true"}).status_code)
    assert seen == [200, 404, 403]


# --- asked once more --------------------------------------------------------------------------------------------

MEANT = {
    "forced_open": ("Force payments open until", "it becomes half open by itself: 2 trials decide"),
    "disabled": ("Switch payments off until", "it closes by itself, and protects again"),
    "metrics_only": ("Only observe payments until", "this page says when it would have opened"),
    "closed": ("Close payments now?", "Calls go through again at once."),
    "reset": ("Reset payments now?", "It opens again after 5 failures in a row."),
    "configure": ("Other thresholds for payments until", "Its state stays as it is."),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_it_is_asked_what_will_happen_before_anything_does(client, olga, action):
    written("payments", machine.opens)
    client.force_login(olga)
    page = words(post(client, "payments", fields(action, ask="1")))
    assert all(part in page for part in MEANT[action])
    assert "They move house" in page
    assert not Order.objects.exists()


def test_new_thresholds_are_asked_by_what_differs(client, olga):
    written("payments")
    client.force_login(olga)
    page = words(post(client, "payments", fields("configure", ask="1")))
    assert '<td>Failures in a row that open it</td><td class="n">5</td><td class="n"><b>7</b></td>' in page
    assert "Seconds that shares are about" not in page


def test_back_from_the_question_all_is_as_it_was_typed(client, olga):
    written("payments")
    client.force_login(olga)
    page = words(post(client, "payments", fields(ask="1", back="1", span="own", minutes="42")))
    assert "They move house</textarea>" in page
    assert 'value="42"' in page
    assert '<option value="own" selected>' in page


# --- bad input --------------------------------------------------------------------------------------------------

BAD = [
    ({"reason": "  "}, "Say why"),
    ({"reason": "x" * 1_001}, "at most 1000"),
    ({"order_id": "abc"}, "This form is damaged."),
    ({"order_id": ""}, "This form is damaged."),
    ({"span": ""}, "Say for how long"),
    ({"span": "-5"}, "Say for how long"),
    ({"span": "own", "minutes": "0"}, "from 1 to 10,080"),
    ({"span": "own", "minutes": "nan"}, "from 1 to 10,080"),
    ({"span": "own", "minutes": "1e9"}, "from 1 to 10,080"),
    ({"span": "own", "minutes": "soon"}, "from 1 to 10,080"),
]
BAD_THRESHOLDS = [
    ({"failure_threshold": "0"}, "greater than or equal to 1"),
    ({"failure_threshold": "-3"}, "greater than or equal to 1"),
    ({"failure_threshold": "many"}, "whole number"),
    ({"failure_threshold": ""}, "required"),
    ({"timeout_seconds": "inf"}, "number"),
    ({"failure_rate": "700"}, "less than or equal to 100"),
    ({"slow_rate": "20"}, "from how many seconds on a call is slow"),
]


@pytest.mark.parametrize(
    ("action", "wrong", "said"),
    [("forced_open", *one) for one in BAD] + [("configure", *one) for one in BAD_THRESHOLDS],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_is_kept(client, olga, action, wrong, said):
    written("payments")
    client.force_login(olga)
    answer = post(client, "payments", {**fields(action), "ask": "1", **wrong})
    assert answer.status_code == 400
    page = words(answer)
    assert said in page
    for value in wrong.values():
        assert value.strip() in page
    assert "They move house" in page or "reason" in wrong
    assert not Order.objects.exists()


def test_an_action_that_there_is_not_is_said(client, olga):
    written("payments")
    client.force_login(olga)
    for action in ("", "ajar", "<b>"):
        answer = post(client, "payments", fields(action))
        assert answer.status_code == 400
        assert "This is nothing that can be ordered of a circuit." in words(answer)


def test_a_program_gets_the_sentences_as_json(client, olga):
    written("payments")
    client.force_login(olga)
    answer = post(client, "payments", fields(reason=""), accept="application/json")
    assert (answer.status_code, answer.json()["state"]) == (400, "invalid")
    assert "Say why" in answer.json()["reason"]


# --- ordered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_each_order_reaches_the_circuit_and_says_so(client, olga, circuits, action):
    row = circuits.begin()
    client.force_login(olga)
    shown = {"shown": str(row.interventions)}
    answer = post(client, circuits.service, fields(action, confirmed="1", ask="1", **shown), **{"HX-Request": "true"})
    known = until(lambda: Order.objects.filter(state=Order.State.APPLIED).first(), what="it is recorded")
    assert answer.status_code == 200
    assert "Recorded." in words(client.get(f"/circuits/{circuits.service}/?receipt={known.order_id}"))
    told = circuits.told()
    assert told["state"] == ACTIONS[action]
    assert told["config"]["failure_threshold"] == (7 if action == "configure" else 5)
    entry = Entry.objects.filter(stream=f"circuit:{circuits.service}", actor="olga").last()
    assert (entry.known, entry.data["reason"]) == ("signed_in", "They move house")


def test_without_javascript_the_answer_is_a_page_to_come_back_to(client, olga, circuits):
    row = circuits.begin()
    client.force_login(olga)
    answer = post(client, circuits.service, fields(confirmed="1", ask="1", shown=str(row.interventions)))
    assert answer.status_code == 303
    assert answer["Location"].endswith("#order")
    page = until(lambda: "Recorded." in (seen := words(client.get(answer["Location"]))) and seen)
    assert "is forced open" in page


def test_a_double_submit_is_one_order(client, olga, circuits):
    row = circuits.begin()
    client.force_login(olga)
    data = fields(shown=str(row.interventions))
    answers = [post(client, circuits.service, data, accept="application/json").json()["state"] for _ in range(2)]
    until(lambda: Order.objects.filter(state=Order.State.APPLIED).count() == 1)
    assert set(answers) <= {"recorded", "recording"}
    assert circuits.told()["interventions"] == row.interventions + 1


def test_who_comes_second_is_told_who_was_first_and_keeps_what_was_typed(client, olga, circuits):
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Brandt")
    row = circuits.begin()
    seen = str(row.interventions)
    assert circuits.click(otto, "metrics_only", shown=row.interventions).state == "recorded"
    client.force_login(olga)
    answer = post(client, circuits.service, fields(shown=seen, reason="It is down"), **{"HX-Request": "true"})
    page = words(answer)
    if "Being recorded." in page:
        known = until(lambda: Order.objects.filter(state=Order.State.REFUSED).first())
        page = words(
            client.get(f"/circuits/{circuits.service}/order/{known.order_id}/", headers={"HX-Request": "true"})
        )
    assert "Not applied." in page
    assert "Otto Brandt (otto) set it to observe only" in page
    assert circuits.told()["state"] == "metrics_only"


def test_after_a_refusal_the_form_is_renewed_under_another_id_in_view_of_what_happened(client, olga, circuits):
    row = circuits.begin()
    otto = person("otto", groups=("ops",))
    circuits.click(otto, "metrics_only", shown=row.interventions)
    client.force_login(olga)
    data = fields(shown=str(row.interventions), reason="It is down")
    page = words(post(client, circuits.service, data, **{"HX-Request": "true"}))
    until(lambda: Order.objects.filter(state=Order.State.REFUSED).exists())
    if "Not applied." in page:
        assert "It is down</textarea>" in page
        assert data["order_id"] not in page
        assert f'name="shown" value="{row.interventions + 1}"' in page


def test_with_temporal_away_it_says_not_sent_and_keeps_what_was_typed(client, olga, circuits, via):
    circuits.begin()
    client.force_login(olga)
    via(NOBODY)
    answer = post(client, circuits.service, fields(), **{"HX-Request": "true"})
    assert answer.status_code == 503
    page = words(answer)
    assert "Not sent." in page
    assert "They move house</textarea>" in page
    assert Order.objects.get().state == Order.State.NOT_SENT


def test_with_the_worker_away_it_is_being_recorded_and_then_recorded(client, olga, circuits):
    row = circuits.begin()
    circuits.house.worker.stop()
    client.force_login(olga)
    data = fields(shown=str(row.interventions))
    page = words(post(client, circuits.service, data, **{"HX-Request": "true"}))
    assert "Being recorded." in page
    assert f"/circuits/{circuits.service}/order/{data['order_id']}/" in page
    circuits.house.worker.start()
    until(lambda: Order.objects.filter(state=Order.State.APPLIED).exists())
    address = f"/circuits/{circuits.service}/order/{data['order_id']}/"
    assert "Recorded." in words(client.get(address, headers={"HX-Request": "true"}))
    assert client.get(address, headers={"accept": "application/json"}).json()["state"] == "recorded"


def test_a_registered_service_that_has_not_begun_can_be_ordered_too(client, olga, circuits):
    Service.objects.create(name=circuits.service)
    client.force_login(olga)
    post(client, circuits.service, fields(), **{"HX-Request": "true"})
    until(lambda: Circuit.objects.filter(service=circuits.service, state="forced_open").exists())


def test_the_form_names_who_ordered_last(client, olga):
    written("payments", machine.forced)
    client.force_login(olga)
    page = words(client.get("/circuits/payments/?order=reset"))
    assert "The last order was olga's: <q>they move house</q>" in page
    assert 'name="shown" value="1"' in page


def test_a_link_to_an_order_that_there_is_not_offers_all(client, olga):
    written("payments")
    client.force_login(olga)
    assert 'id="choose-reset"' in words(client.get("/circuits/payments/?order=ajar&receipt=%00"))
