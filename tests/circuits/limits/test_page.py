"""The page of limits: everybody signed in reads, ops order after they were asked, and old answers have an age."""

import uuid
from dataclasses import replace

from django.utils import timezone

from circuits.limits import page, told
from circuits.limits.told import Reading
from circuits.models import LimitOrder
from live.models import Pulse
from tests.circuits.conftest import NOBODY
from tests.circuits.limits.conftest import ALIVE
from tests.live.conftest import look, port, session_of  # noqa: F401  (fixtures: found by their names here)
from tests.temporal import LONG, until
from worker import client as door
from worker.client import QueueTold


def fields(**more):
    return {"action": "set", "rate": "5", "reason": "Their night", "shown": "", "order_id": str(uuid.uuid4()), **more}


def post(client, queue, data, **headers):
    return client.post(f"/limits/{queue}/order/", data, headers=headers)


def words(answer):
    return " ".join(answer.content.decode().split())


# --- who may ----------------------------------------------------------------------------------------------------


def test_everybody_signed_in_reads_and_only_ops_see_orders(queues, client, rita, olga, see):
    queues.beat()
    for user, offered in ((rita, False), (olga, True)):
        said = see(user, "/limits/")
        assert queues.work in said
        assert ("Set the limit" in said) == offered
        client.force_login(user)
        assert ('href="/limits/"' in client.get("/").content.decode()) == offered
    client.logout()
    assert client.get("/limits/").status_code == 302


def test_a_hand_made_order_of_an_outsider_is_refused_and_changes_nothing(queues, client, rita):
    client.force_login(rita)
    assert post(client, queues.work, fields()).status_code == 403
    assert client.get(f"/limits/{queues.work}/order/?action=set", headers={"HX-Request": "true"}).status_code == 403
    assert not LimitOrder.objects.exists()


def test_a_queue_that_is_not_served_here_is_not_found(queues, client, olga):
    client.force_login(olga)
    assert post(client, "lunch", fields()).status_code == 404


# --- an order, without JavaScript -------------------------------------------------------------------------------


def test_an_order_is_asked_once_more_then_set_and_answered_in_words(queues, client, olga):
    queues.beat(per_second=50.0)
    client.force_login(olga)
    form = client.get(f"/limits/?queue={queues.work}&order=set")
    assert "1 worker × 50 a second = 50 a second" in words(form)
    asked = post(client, queues.work, data := fields(ask="1"))
    assert f"At most 5 a second from {queues.work}?" in words(asked)
    assert not LimitOrder.objects.exists()
    done = post(client, queues.work, {**data, "confirmed": "1"})
    assert done.status_code == 303
    page = words(client.get(done["Location"].partition("#")[0]))
    assert "The limit is 5 a second." in page
    assert "the queue-wide limit of 5 binds" in page
    assert "Set by olga" in page


def test_back_and_a_mistake_keep_what_was_typed(queues, client, olga):
    client.force_login(olga)
    back = post(client, queues.work, fields(ask="1", back="1", rate="7.25"))
    assert 'value="7.25"' in words(back)
    for typed, said in (("1,000", "Give a number"), ("-3", "cannot be below 0"), ("", "Give a number")):
        wrong = post(client, queues.work, fields(ask="1", rate=typed), **{"HX-Request": "true"})
        assert wrong.status_code == 400
        assert said in words(wrong)
        assert f'value="{typed}"' in words(wrong) or not typed
        assert "Their night" in words(wrong)
    assert "would wait for ever" in words(post(client, queues.decisions, fields(rate="0")))


def test_a_stop_is_called_one_and_answered_to_a_program_as_json(queues, client, olga):
    client.force_login(olga)
    assert f"Stop {queues.work}?" in words(post(client, queues.work, fields(ask="1", rate="0")))
    answer = post(client, queues.work, fields(rate="0"), accept="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "recorded")
    assert queues.told().limit == 0.0


def test_with_temporal_down_the_order_is_kept_and_asks_for_itself(queues, client, olga, via):
    client.force_login(olga)
    via(NOBODY)
    data = fields()
    answer = post(client, queues.work, data, **{"HX-Request": "true"})
    assert "Being sent." in words(answer)
    place = f"/limits/{queues.work}/order/{data['order_id']}/"
    assert place in words(answer)
    assert "Being sent." in words(client.get(place, headers={"HX-Request": "true"}))
    assert "has not reached Temporal yet" in words(client.get("/limits/"))
    assert client.get(f"/limits/{queues.work}/order/{uuid.uuid4()}/").status_code == 404


# --- what it shows ----------------------------------------------------------------------------------------------


def test_what_holds_work_back_is_said(queues):
    def holds(used=0, per_second=None, workers=1, **said):
        found = page.Queue(queues.work, Reading(QueueTold(**said), timezone.now(), True), [], None, None)
        offer = page.sums.Offer(50, used, per_second)
        return replace(found, processes=[page.Process(None, offer)] * workers).holds

    assert holds(backlog=0, effective=5.0, source="api") == ""
    assert holds(backlog=3, effective=5.0, source="api") == "limited"
    assert holds(backlog=3, effective=0.0, source="api") == "stopped"
    assert holds(backlog=3, effective=5.0, source="api", used=50) == "full"
    assert holds(backlog=3, effective=4_000.0, source="system") == ""
    assert holds(backlog=3, effective=4_000.0, source="system", per_second=1.0) == "limited"
    assert holds(backlog=3, workers=0) == "nobody"


def test_what_waits_is_counted_with_its_age_beside_the_places_of_each_worker(queues, olga, see, monkeypatch):
    queues.beat(1, slots=50, used=12, per_second=20.0)
    queues.beat(2, slots=30, used=8, per_second=20.0)
    waits = QueueTold(limit=5.0, set_by="x", effective=5.0, source="api", backlog=1_234, oldest=125.0, taken=4.8)
    monkeypatch.setattr(told.client, "queue_told", lambda queue: waits if queue == queues.work else QueueTold())
    said = see(olga, "/limits/")
    assert "About 1,234 wait though 60 of 80 places are free: the limit holds them back." in said
    for shown in ("Oldest waits for 2 min", "Places in use 20 / 80", "h:1 12 50 20", "h:2 8 30 20"):
        assert shown in said
    assert "2 workers × 20 a second = 40 a second; the queue-wide limit of 5 binds." in said


def test_a_limit_that_was_set_by_other_means_is_shown_as_such(queues, olga, see):
    queues.beat()
    queues.click(olga, 9.0)
    door.limit_queue(queues.work, 3.0, identity="temporal-cli:root", reason="by hand")
    told.expire(queues.work)
    said = see(olga, "/limits/")
    assert "Set by temporal-cli:root by other means than this page" in said
    assert "This is not what olga ordered here last (9 a second" in said


def test_a_worker_of_an_older_release_did_not_say_what_it_offers(queues, olga, see):
    queues.beat(serving={})
    assert "did not say" in see(olga, "/limits/")


def test_a_killed_worker_does_not_count(queues, olga, see):
    queues.beat(1, per_second=50.0)
    queues.beat(2, per_second=50.0)
    assert "2 workers × 50 a second = 100 a second" in see(olga, "/limits/")
    Pulse.objects.filter(pid=2).update(at=timezone.now() - 2 * ALIVE)
    assert "1 worker × 50 a second = 50 a second" in see(olga, "/limits/")


def test_with_temporal_down_the_page_says_so_with_what_was_known_last_and_its_age(queues, olga, see, via):
    queues.beat()
    queues.click(olga, 9.0)
    assert "the queue-wide limit of 9 binds" in see(olga, "/limits/")
    via(NOBODY)
    told.expire(queues.work)
    told.expire(queues.decisions)
    said = see(olga, "/limits/")
    assert "Temporal does not answer. Limits and backlog are what was known last. As of" in said
    assert "the queue-wide limit of 9 binds" in said


def test_with_temporal_down_from_the_start_nothing_is_made_up(queues, olga, see, via):
    via(NOBODY)
    said = see(olga, "/limits/")
    assert "The limits are not known now" in said
    assert "What it limits is not known since this site was started." in said


def test_the_server_is_asked_once_however_many_look(queues, monkeypatch):
    asked = []
    ask = door.queue_told
    monkeypatch.setattr(told, "FRESH_FOR", LONG)
    monkeypatch.setattr(told.client, "queue_told", lambda queue: asked.append(queue) or ask(queue))
    for _ in range(20):
        told.read(queues.work)
    assert len(asked) == 1


def test_a_limit_appears_before_the_eyes_of_who_looks(queues, olga, rita, look):  # noqa: F811
    seen = look("limits", cookie=session_of(rita))
    seen.until("No limit is set", "region-limits")
    queues.click(olga, 0.0)
    seen.until(f"{queues.work} is stopped", "region-limits", 60)
    until(lambda: queues.told().limit == 0.0)
