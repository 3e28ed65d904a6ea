"""Home says the situation in a sentence, and what to begin with."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.models import Request, Status, Step
from dashboard.regions import Home, SystemState
from live.models import Pulse
from live.regions import find
from tests.batches.pages.conftest import written


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    answer = {"answers": True}
    monkeypatch.setattr("live.queries._temporal_answers", lambda: answer["answers"])
    return answer


def waiting(title, requester, *levels, due_in=3.0, at=0):
    """A request that waits at one of its levels."""
    now, uuid = timezone.now(), uuid4()
    request = Request.objects.create(
        uuid=uuid, workflow_id=f"approval-{uuid}", first_run_id="r", title=title, amount=Decimal("250000"),
        requester=requester, requester_name=requester.username, status=Status.WAITING, current_step=at,
        current_level=levels[at], deadline=now + timedelta(hours=due_in, minutes=1), created_at=now,
    )  # fmt: skip
    for index, level in enumerate(levels):
        state = Step.State.APPROVED if index < at else Step.State.OPEN if index == at else Step.State.PENDING
        Step.objects.create(request=request, index=index, level=level, timeout_seconds=86_400, state=state)
    return request


def home(client, user):
    client.force_login(user)
    return " ".join(client.get("/").content.decode().split())


def test_it_says_how_many_wait_in_a_sentence(client, maria, rita):
    for number in range(3):
        waiting(f"Forklift {number}", rita, "manager")
    assert "<h1>Three requests wait for you</h1>" in home(client, maria)


def test_one_is_said_as_one(client, maria, rita):
    waiting("Forklift", rita, "manager")
    assert "<h1>One request waits for you</h1>" in home(client, maria)


def test_it_begins_with_what_runs_out_first(client, maria, rita):
    waiting("Later", rita, "manager", due_in=9)
    waiting("Sooner", rita, "manager", due_in=2)
    page = home(client, maria)
    assert "Begin with “Sooner”: 2 h left." in page
    assert page.index(">Sooner<") < page.index(">Later<")


def test_it_shows_five_and_says_how_many_more(client, maria, rita):
    for number in range(8):
        waiting(f"Forklift {number}", rita, "manager", due_in=number + 1)
    page = home(client, maria)
    assert "Eight requests wait for you" in page
    assert "3 more" in page
    assert ">Forklift 4<" in page
    assert ">Forklift 5<" not in page


def test_what_waits_for_others_stands_apart(client, dirk, rita):
    waiting("Forklift", rita, "manager", "director")
    page = home(client, dirk)
    assert "Nothing waits for you" in page
    assert "Runs out soonest, with others" in page
    assert "with Manager" in page


def test_an_empty_home_teaches_according_to_what_one_may_do(client, maria, rita):
    assert "appears here at once" in home(client, maria)
    assert "You hold no level" in home(client, rita)


def test_it_shows_ones_own_open_requests_and_nobody_elses(client, rita, olga):
    waiting("Of Rita", rita, "manager")
    assert "Of Rita" in home(client, rita)
    assert "Of Rita" not in home(client, olga)


def test_a_title_is_shown_as_text(client, maria, rita):
    waiting("<script>alert(1)</script>", rita, "manager")
    page = home(client, maria)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_without_a_worker_it_says_what_that_means_and_what_to_do(client, maria):
    page = home(client, maria)
    assert "No worker is running." in page
    assert "decisions are kept, and will be applied when one is back" in page


def test_with_all_well_it_says_so_without_alarm(client, maria):
    now = timezone.now()
    Pulse.objects.create(worker="w1", host="h", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)
    page = home(client, maria)
    assert "1 running" in page
    assert "No worker is running" not in page
    assert "Temporal does not answer" not in page


def test_without_temporal_it_says_so(client, maria, temporal):
    temporal["answers"] = False
    assert "Temporal does not answer." in home(client, maria)


def test_the_number_of_queries_does_not_grow_with_the_requests(client, maria, rita):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            client.get("/")
        return len(seen)

    def more():
        for number in range(25):
            waiting(f"Forklift {number}", rita, "manager", "director")

    client.force_login(maria)
    more()
    queries()  # how common a level is is known for a minute
    some = queries()
    more()
    assert queries() == some < 29


def test_the_regions_are_known_and_for_people_who_are_signed_in_only(maria, dirk):
    from django.contrib.auth.models import AnonymousUser

    assert isinstance(find("home"), Home)
    assert isinstance(find("system"), SystemState)
    for name in ("home", "system"):
        assert find(name).may_watch(maria, "")
        assert not find(name).may_watch(maria, "anything")
        assert not find(name).may_watch(AnonymousUser(), "")
    assert find("home").audience(maria, "") != find("home").audience(dirk, "")


def test_the_state_of_the_system_does_not_change_with_each_beat(db):
    now = timezone.now()
    pulse = Pulse.objects.create(
        worker="w1", host="h", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now
    )
    first = SystemState().read("", "everybody")["latest"]
    Pulse.objects.filter(pk=pulse.pk).update(at=now + timedelta(seconds=1))
    assert SystemState().read("", "everybody")["latest"] == first


def test_ops_are_told_in_which_process_calls_hang_as_long_as_it_lives(client, olga, rita):
    now = timezone.now()
    serving = {"leitstand-work": {"slots": 50, "hanging": 3}, "leitstand": {"slots": 50}}
    pulse = {"host": "h", "queues": "leitstand, leitstand-work", "started_at": now, "temporal_at": now}
    Pulse.objects.create(worker="w", pid=1, at=now, serving=serving, **pulse)
    Pulse.objects.create(worker="old", pid=2, at=now - timedelta(minutes=1), serving=serving, **pulse)
    page = home(client, olga)
    assert "<h1>Calls hang in a worker" in page
    assert "In the worker process h:1 3 calls have not come back" in page
    assert "h:2" not in page
    assert 'title="Calls hang in 1 process">1</span>' in page
    assert "h:1" not in home(client, rita)
    Pulse.objects.filter(worker="w").update(serving={})
    assert "<h1>Nothing waits for you</h1>" in home(client, olga)


# --- batches -----------------------------------------------------------------------------------------------------


@pytest.fixture
def beat():
    """A worker lives."""
    now = timezone.now()
    Pulse.objects.create(worker="w", host="h", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)


def test_ops_are_told_of_batches_that_need_a_look_and_of_those_under_way(client, olga, rita, beat):
    written("March invoices", "paused", succeeded=50, pending=50, told={"paused_reason": "They move house"})
    written("Reminders", succeeded=7, failed=1, pending=92)
    written("Done", "completed", succeeded=1)
    page = home(client, olga)
    assert "<h1>One batch needs a look</h1>" in page
    assert "Paused, standing still, or failed within a day" in page
    assert page.index("March invoices") < page.index("They move house") < page.index("Reminders")
    assert "8 % of 100, 1 failed" in page
    assert ">Done<" not in page
    assert 'title="1 batch needs a look">1</span>' in page
    theirs = home(client, rita)
    assert "March invoices" not in theirs
    assert "batches-badge" not in theirs


def test_batches_that_run_well_are_no_headline(client, olga, beat):
    written("Reminders", pending=100)
    page = home(client, olga)
    assert "<h1>Nothing waits for you</h1>" in page
    assert "Reminders" in page


def test_home_costs_no_more_however_many_batches_there_are(client, olga, beat):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            home(client, olga)
        return len(seen)

    written("a", "paused", pending=1)
    written("b", pending=1)
    queries()  # what is known for a minute is read
    few = queries()
    for number in range(20):
        written(f"t{number}", "paused" if number % 2 else "running", pending=1)
    assert queries() <= few
