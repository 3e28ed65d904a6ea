"""Ops order on the page of a batch: answered honestly, asked once more where it weighs; others do not."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Entry
from batches.models import FailureGroup, Order
from live import reader, regions
from tests.batches.pages.conftest import written
from tests.circuits.conftest import NOBODY
from tests.conftest import person
from tests.temporal import until

ACTIONS = Order.Action.values
HTMX = {"HX-Request": "true"}


def fields(action="pause", **more):
    usual = {"action": action, "reason": "They move house", "shown": "", "order_id": str(uuid.uuid4())}
    if action == "limits":
        usual |= {"max_parallel": "3", **{f"pace-{n}-{name}": "" for n in range(3) for name in PACE}}
    if action == "retry":
        usual |= {"group": "", "sample": ""}
    return {**usual, **more}


PACE = ("limit", "per_seconds", "kind", "burst")


def post(client, batch, data, **headers):
    return client.post(f"{batch.get_absolute_url()}order/", data, headers=headers)


def words(answer):
    return " ".join(answer.content.decode().split())


def running(**more):
    told = {"max_parallel": 10, "pace": [], "interventions": 2, "tolerated_failure_rate": 0.1}
    return written(succeeded=60, failed=5, running=10, pending=25, told={**told, **more.pop("told", {})}, **more)


# --- who may, and what is offered -------------------------------------------------------------------------------


def test_only_ops_see_what_can_be_ordered(client, olga, rita, boss):
    batch = running()

    def offered(user):
        client.force_login(user)
        page = client.get(batch.get_absolute_url()).content.decode()
        return ["choose-pause" in page, 'id="order"' in page]

    assert [offered(user) for user in (olga, boss, rita)] == [[True, True], [True, True], [False, False]]


def test_the_buttons_are_not_streamed_to_others(olga, rita):
    batch = running()
    region = regions.find("batch-controls")
    key = str(batch.uuid)
    assert [region.may_watch(user, key) for user in (olga, rita)] == [True, False]


OFFERED = {
    "running": ["pause", "limits", "retry", "cancel"],
    "paused": ["resume", "limits", "retry", "cancel"],
    "pausing": ["resume", "limits", "retry", "cancel"],
    "preparing": ["pause", "limits", "cancel"],
    "stopping": [],
    "completed": [],
}


@pytest.mark.parametrize("state", OFFERED)
def test_what_could_not_count_is_not_offered(client, olga, state):
    batch = running(state=state)
    client.force_login(olga)
    page = client.get(batch.get_absolute_url()).content.decode()
    assert [action for action in ACTIONS if f'id="choose-{action}"' in page] == sorted(
        OFFERED[state], key=ACTIONS.index
    )


def test_of_what_waits_to_be_started_nothing_is_offered_yet(client, olga):
    batch = running(state="preparing", first_run_id="")
    client.force_login(olga)
    assert "choose-" not in client.get(batch.get_absolute_url()).content.decode()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_hand_made_request_of_an_outsider_is_refused_in_words_and_changes_nothing(client, rita, action):
    batch = running()
    client.force_login(rita)
    for data in (fields(action), fields(action, ask="1"), {}):
        answer = post(client, batch, data)
        assert answer.status_code == 403
        assert "This is not yours to do" in words(answer)
    assert client.get(f"{batch.get_absolute_url()}order/?action={action}", headers=HTMX).status_code == 403
    assert not Order.objects.exists()


def test_who_is_not_signed_in_keeps_what_was_typed(client, db):
    batch = running()
    assert post(client, batch, fields(), **HTMX).status_code == 401
    assert post(client, batch, fields(), accept="application/json").json()["state"] == "not_signed_in"
    assert post(client, batch, fields()).status_code == 302


def test_a_batch_that_nobody_knows_is_not_found(client, olga):
    client.force_login(olga)
    assert client.post(f"/batches/{uuid.uuid4()}/order/", fields()).status_code == 404


def test_a_receipt_is_for_who_ordered_it(client, olga, rita):
    otto = person("otto", groups=("ops",))
    batch = running()
    made = Order.objects.create(
        order_id=str(uuid.uuid4()), batch=batch, action="pause", reason="x", user=olga, username="olga",
        made_at=timezone.now(),
    )  # fmt: skip
    seen = []
    for user in (olga, otto, rita):
        client.force_login(user)
        seen.append(client.get(f"{batch.get_absolute_url()}order/{made.order_id}/", headers=HTMX).status_code)
    assert seen == [200, 404, 403]


# --- the forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_a_link_leads_to_the_form_of_an_order_with_and_without_javascript(client, olga, action):
    batch = running(state="paused" if action == "resume" else "running")
    client.force_login(olga)
    address = f"{batch.get_absolute_url()}order/?action={action}"
    alone = client.get(address, headers=HTMX)
    assert f'name="action" value="{action}"' in words(alone)
    assert "<html" not in words(alone)
    away = client.get(address)
    assert (away.status_code, away["Location"]) == (302, f"{batch.get_absolute_url()}?order={action}#order")
    page = words(client.get(away["Location"]))
    assert f'name="action" value="{action}"' in page
    assert 'name="shown" value="2"' in page


def test_a_link_to_a_sample_of_a_group_fills_in_the_form(client, olga):
    batch = running()
    group = FailureGroup.objects.create(batch=batch, fingerprint="abc", words="503 upstream", number=5)
    client.force_login(olga)
    address = f"{batch.get_absolute_url()}order/?action=retry&group={group.fingerprint}&sample=2#order"
    page = words(client.get(client.get(address)["Location"]))
    assert '<option value="abc" selected>5 × 503 upstream</option>' in page
    assert 'name="sample" value="2"' in page


def test_the_limits_in_force_are_in_the_form(client, olga):
    pace = [{"kind": "sliding_window", "limit": 450, "per_seconds": 60.0, "burst": None}]
    batch = running(told={"pace": pace, "max_parallel": 7})
    client.force_login(olga)
    page = words(client.get(f"{batch.get_absolute_url()}?order=limits"))
    for part in ('name="max_parallel" value="7"', 'name="pace-0-limit" value="450"', 'value="60"'):
        assert part in page
    assert '<option value="sliding_window" selected>' in page


def test_of_a_batch_that_has_ended_there_is_no_form(client, olga):
    batch = running(state="completed")
    client.force_login(olga)
    assert "<textarea" not in words(client.get(f"{batch.get_absolute_url()}?order=cancel"))


# --- asked once more --------------------------------------------------------------------------------------------

MEANT = {
    "cancel": ("Cancel March invoices for good?", "10 items run now: they end, and count.", "25 items are not begun",
               "65 items are done, 5 of them failed"),
    "limits": ("Other limits for March invoices?", "<td>Chunks at once</td><td>10</td><td><b>3</b></td>"),
    "retry": ("Run 5 failed items again?", "before what was not begun yet"),
}  # fmt: skip


@pytest.mark.parametrize("action", MEANT)
def test_it_is_asked_what_will_happen_before_anything_does(client, olga, action):
    batch = running()
    client.force_login(olga)
    page = words(post(client, batch, fields(action, ask="1")))
    for part in MEANT[action]:
        assert part in page
    assert "They move house" in page
    assert not Order.objects.exists()


def test_before_it_is_meant_it_says_what_no_other_try_will_help_and_what_does_not_count_yet(client, olga):
    batch = running()
    for name, number, final in (("a" * 16, 3, 2), ("b" * 16, 4, 0)):
        FailureGroup.objects.create(batch=batch, fingerprint=name, words=name, number=number, final=final)
    client.force_login(olga)
    assert "Of 2 of them their job said" in words(post(client, batch, fields("retry", ask="1")))
    assert "their job said" not in words(post(client, batch, fields("retry", ask="1", group="b" * 16)))
    assert "Run 3 failed items again first?" in words(post(client, batch, fields("retry", ask="1", sample="3")))
    assert "Run 5 failed items again?" in words(post(client, batch, fields("retry", ask="1", sample="1000000")))
    type(batch).objects.update(failed=0, pending=30)
    assert "None of them counts as failed yet" in words(post(client, batch, fields("retry", ask="1", group="b" * 16)))


def test_several_limits_are_said_before_and_after(client, olga):
    pace = [{"kind": "sliding_window", "limit": 450, "per_seconds": 60.0, "burst": None}]
    batch = running(told={"pace": pace})
    client.force_login(olga)
    typed = {"pace-0-limit": "20", "pace-0-per_seconds": "1", "pace-0-burst": "5", "pace-0-kind": "token_bucket",
             "pace-1-limit": "1000", "pace-1-per_seconds": "3600", "pace-1-kind": "sliding_window"}  # fmt: skip
    page = words(post(client, batch, fields("limits", ask="1", max_parallel="10", **typed)))
    assert "<td>450 in any 60 s</td>" in page
    assert "<b>20 in 1 s on average, at most 5 at once; 1,000 in any 3600 s</b>" in page
    assert "Chunks at once" not in page


def test_back_from_the_question_all_is_as_it_was_typed(client, olga):
    batch = running()
    client.force_login(olga)
    page = words(post(client, batch, fields("limits", ask="1", back="1", max_parallel="42")))
    assert "They move house</textarea>" in page
    assert 'name="max_parallel" value="42"' in page


# --- bad input --------------------------------------------------------------------------------------------------

BAD = [
    ("pause", {"reason": "  "}, "Say why"),
    ("pause", {"reason": "x" * 1_001}, "at most 1000"),
    ("pause", {"order_id": "abc"}, "This form is damaged."),
    ("cancel", {"reason": ""}, "Say why"),
    ("limits", {"max_parallel": "10"}, "nothing is different from what is in force"),
    ("limits", {"max_parallel": ""}, "Give a number from 1 to 500."),
    ("limits", {"max_parallel": "0"}, "Chunks at once must be a whole number from 1 to 500."),
    ("limits", {"max_parallel": "10000"}, "Chunks at once must be a whole number from 1 to 500."),
    ("limits", {"max_parallel": "many"}, "Chunks at once must be a whole number from 1 to 500."),
    ("limits", {"pace-0-limit": "0", "pace-0-per_seconds": "1"}, "must be a whole number from 1 to 1,000"),
    ("limits", {"pace-0-limit": "9", "pace-0-per_seconds": ""}, "Give both: items at most"),
    (
        "limits",
        {"pace-0-limit": "9", "pace-0-per_seconds": "soon"},
        "must be a number from 0.001 to 2,678,400.",
    ),
    ("retry", {"group": "nobody"}, "no such group"),
    ("retry", {"sample": "0"}, "A number from 1 to 1,000,000"),
    ("retry", {"sample": "some"}, "A number from 1 to 1,000,000"),
    ("ajar", {}, "This is nothing that can be ordered of a batch."),
]


@pytest.mark.parametrize(("action", "wrong", "said"), BAD, ids=[f"{n}" for n in range(len(BAD))])
def test_what_makes_no_sense_is_said_and_what_was_typed_is_kept(client, olga, action, wrong, said):
    batch = running()
    client.force_login(olga)
    answer = post(client, batch, {**fields(action), "ask": "1", **wrong})
    assert answer.status_code == 400
    page = words(answer)
    assert said in page
    if action != "ajar" and "reason" not in wrong:
        assert "They move house" in page
    assert not Order.objects.exists()


def test_a_program_gets_the_sentences_as_json(client, olga):
    batch = running()
    client.force_login(olga)
    answer = post(client, batch, fields(reason=""), accept="application/json")
    assert (answer.status_code, answer.json()["state"]) == (400, "invalid")
    assert "Say why" in answer.json()["reason"]


# --- ordered ----------------------------------------------------------------------------------------------------


def test_each_order_reaches_the_batch_and_says_so(client, olga, steered):
    batch = steered.begin()
    client.force_login(olga)
    said = {
        "pause": "Nothing new is begun; what runs ends.",
        "limits": "The new limits are in force.",
        "resume": "It goes on.",
        "cancel": "It ends: what runs still counts.",
    }
    for number, (action, words_said) in enumerate(said.items()):
        still = {"pace-0-limit": "1", "pace-0-per_seconds": "3600"} if action == "limits" else {}
        answer = post(client, batch, fields(action, confirmed="1", ask="1", shown=str(number), **still), **HTMX)
        assert answer.status_code == 200
        known = until(lambda action=action: Order.objects.filter(state="applied", action=action).first())
        page = words(client.get(f"{batch.get_absolute_url()}?receipt={known.order_id}"))
        assert "Recorded." in page
        assert words_said in page
    assert steered.batch.result()["status"] == "cancelled"
    entry = Entry.objects.get(kind="batch.limited")
    assert (entry.known, entry.data["details"]) == ("signed_in", {"max_parallel": 3})


def test_failed_items_are_run_again_from_the_page(client, olga, steered, told):
    batch = steered.begin_with_failures()
    group = batch.groups.get(words="there is no such order")
    told.well.add("never")
    client.force_login(olga)
    data = fields("retry", confirmed="1", ask="1", shown="0", group=group.fingerprint, sample="3", reason="")
    post(client, batch, data, **HTMX)
    known = until(lambda: Order.objects.filter(state="applied").first())
    page = words(client.get(f"{batch.get_absolute_url()}?receipt={known.order_id}"))
    assert "run again once it is resumed: it is paused." in page
    assert "Failed items wait to be run again" in page
    assert "up to 3 of the failed items that say “there is no such order”" in page
    assert "up to 3 of the failed items that say" in Entry.objects.get(kind="batch.retried").data["what"]
    assert steered.click(olga, "resume").state == "recorded"
    assert steered.batch.result()["successful"] == 3


def test_without_javascript_the_answer_is_a_page_to_come_back_to(client, olga, steered):
    batch = steered.begin()
    client.force_login(olga)
    answer = post(client, batch, fields(ask="1", shown="0"))
    assert answer.status_code == 303
    assert answer["Location"].endswith("#order")
    assert until(lambda: "Recorded." in words(client.get(answer["Location"])))


def test_a_double_submit_is_one_order(client, olga, steered):
    batch = steered.begin()
    client.force_login(olga)
    data = fields(shown="0")
    answers = [post(client, batch, data, accept="application/json").json()["state"] for _ in range(2)]
    until(lambda: Order.objects.filter(state="applied").count() == 1)
    assert set(answers) <= {"recorded", "recording"}
    assert steered.told()["interventions"] == 1


def test_who_comes_second_is_told_who_was_first_and_keeps_what_was_typed(client, olga, steered):
    otto = person("otto", groups=("ops",), first_name="Otto", last_name="Brandt")
    batch = steered.begin()
    assert steered.click(otto, "limits").state == "recorded"
    client.force_login(olga)
    data = fields("cancel", shown="0", reason="It is the wrong file", confirmed="1")
    page = words(post(client, batch, data, **HTMX))
    if "Being recorded." in page:
        known = until(lambda: Order.objects.filter(state="refused").first())
        page = words(client.get(f"{batch.get_absolute_url()}order/{known.order_id}/", headers=HTMX))
    else:
        assert "It is the wrong file</textarea>" in page
        assert data["order_id"] not in page
        assert 'name="shown" value="1"' in page
    assert "Not applied." in page
    assert "Otto Brandt (otto) changed its limits at" in page
    assert steered.told()["state"] == "running"


def test_what_cannot_count_any_more_is_not_asked_again(client, olga, steered):
    batch = steered.begin()
    steered.click(person("otto", groups=("ops",)))
    client.force_login(olga)
    page = words(post(client, batch, fields("pause", shown="0"), **HTMX))
    assert "Not applied." in page
    assert "Pause it</button>" not in page
    assert 'id="order-name"' not in page


def test_with_temporal_away_it_says_not_sent_and_keeps_what_was_typed(client, olga, steered, via):
    batch = steered.begin()
    client.force_login(olga)
    via(NOBODY)
    answer = post(client, batch, fields(), **HTMX)
    assert answer.status_code == 503
    page = words(answer)
    assert "Not sent." in page
    assert "They move house</textarea>" in page
    assert Order.objects.get().state == "not_sent"


def test_with_the_worker_away_it_is_being_recorded_and_then_recorded(client, olga, steered):
    batch = steered.begin()
    steered.house.worker.stop()
    client.force_login(olga)
    data = fields(shown="0")
    page = words(post(client, batch, data, **HTMX))
    assert "Being recorded." in page
    address = f"{batch.get_absolute_url()}order/{data['order_id']}/"
    assert address in page
    steered.house.worker.start()
    until(lambda: Order.objects.filter(state="applied").exists())
    assert "Recorded." in words(client.get(address, headers=HTMX))
    assert client.get(address, headers={"accept": "application/json"}).json()["state"] == "recorded"


def test_a_form_that_is_sent_after_the_end_says_when_it_ended(client, olga):
    batch = running(state="completed", closed_at=timezone.now() - timedelta(minutes=1))
    client.force_login(olga)
    page = words(post(client, batch, fields("cancel", confirmed="1"), **HTMX))
    assert "Not applied." in page
    assert "The batch had ended at" in page
    assert "<textarea" not in page


def test_the_form_names_who_ordered_last(client, olga, steered, boss):
    batch = steered.begin()
    steered.click(boss, "limits")
    client.force_login(olga)
    page = words(client.get(f"{batch.get_absolute_url()}?order=cancel"))
    assert "The last order was admin's:" in page
    assert "<q>They move house</q>" in page


def test_numbers_that_are_old_are_called_so_before_it_is_meant(client, olga, steered, alive):
    batch = steered.begin()
    client.force_login(olga)
    said = "the numbers are those that were known last"
    assert said not in words(post(client, batch, fields("cancel", ask="1")))
    steered.house.worker.stop()
    reader.clear()
    assert said in words(post(client, batch, fields("cancel", ask="1")))


@pytest.mark.parametrize(
    ("state", "said"), [("unknown", "as soon as Temporal answers"), ("sent", "as soon as a worker is there")]
)
def test_a_receipt_says_who_is_waited_for(client, olga, state, said):
    batch = running()
    made = Order.objects.create(
        order_id=str(uuid.uuid4()), batch=batch, action="pause", reason="x", user=olga, username="olga",
        made_at=timezone.now(), state=state,
    )  # fmt: skip
    client.force_login(olga)
    assert said in words(client.get(f"{batch.get_absolute_url()}order/{made.order_id}/", headers=HTMX))
