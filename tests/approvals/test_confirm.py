"""What the page says about whether the workflow agrees with it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.confirm import confirm
from approvals.models import Request, Status
from live import reader
from live.models import Pulse
from worker import client


@pytest.fixture
def open_request(db):
    reader.clear()
    now = timezone.now()
    request = Request.objects.create(
        workflow_id="w", first_run_id="r", title="A pump", status=Status.WAITING, current_step=1, created_at=now
    )
    return written(request, 60)


def written(request, seconds_ago):
    """The row as if it had been written so long ago."""
    Request.objects.update(updated_at=timezone.now() - timedelta(seconds=seconds_ago))
    request.refresh_from_db()
    return request


@pytest.fixture
def worker_lives(db):
    now = timezone.now()
    Pulse.objects.create(worker="a", host="a", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)


@pytest.fixture
def asked(monkeypatch):
    """The workflow's answers to come, and the questions it got."""
    answers: list[object] = []
    questions: list[str] = []

    def query(workflow_id, name, args=(), *, run_id="", timeout=1.5):
        questions.append(name)
        answer = answers[min(len(questions), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(client, "query", query)
    return answers, questions


def test_it_is_confirmed_when_the_workflow_says_the_same(open_request, worker_lives, asked):
    asked[0].append({"status": "waiting", "current_step": 1})
    assert confirm(open_request).state == "confirmed"


@pytest.mark.parametrize("told", [{"status": "waiting", "current_step": 2}, {"status": "approved"}, None, "rubbish"])
def test_it_says_that_the_workflow_has_moved_on(open_request, worker_lives, asked, told):
    asked[0].append(told)
    assert confirm(open_request).state == "ahead"


def test_it_says_that_nobody_answers(open_request, worker_lives, asked):
    asked[0].append(client.Unknown("no answer"))
    said = confirm(open_request)
    assert said.state == "silent"
    assert "recorded last" in said.words


def test_without_a_worker_it_does_not_even_ask(open_request, asked):
    assert confirm(open_request).state == "silent"
    assert asked[1] == []


def test_a_closed_request_is_not_asked_for(open_request, worker_lives, asked):
    open_request.status, open_request.closed_at = Status.APPROVED, timezone.now()
    assert confirm(open_request).state == ""
    assert asked[1] == []


def test_a_write_elsewhere_does_not_ask_again_but_one_to_this_request_does(open_request, worker_lives, asked):
    asked[0].append({"status": "waiting", "current_step": 1})
    confirm(open_request)
    reader.expire()  # as after any write
    confirm(open_request)
    assert len(asked[1]) == 1
    reader.clear()
    confirm(written(open_request, 2))
    assert len(asked[1]) == 2


def test_right_after_a_write_it_gives_the_workflow_a_moment(open_request, worker_lives, asked):
    assert confirm(written(open_request, 0)).state == "ahead"
    assert asked[1] == []
