"""When three quarters of a level's time have passed, those who can still decide are reminded, once."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Kind, Letter, Preferences
from approvals import notices
from approvals.models import LevelHolder, Step
from tests.approvals.notices.conftest import DAY, approves, asked, closes, opens, said, told
from tests.conftest import person

REMINDER = Kind.REMINDER


def opened(requester, *levels, hours_ago):
    return opens(asked(requester, *levels), at=time.time() - hours_ago * 3600, lasts=DAY)


def test_nobody_is_reminded_before_three_quarters_have_passed(rita, maria):
    opened(rita, "manager", hours_ago=17.9)
    assert notices.remind_due() == 0
    assert told(REMINDER) == []


def test_whoever_can_decide_is_reminded_once(rita, maria, vera):
    person("peter", "manager")
    opened(rita, "manager", hours_ago=18.1)
    assert notices.remind_due() == 1
    assert told(REMINDER) == ["maria", "peter"]
    assert notices.remind_due() == 0
    Step.objects.update(remind_at=timezone.now() - timedelta(minutes=1))  # as an old copy of the row would leave it
    notices.remind_due()
    assert told(REMINDER) == ["maria", "peter"]


def test_who_holds_the_level_by_now_is_reminded_not_who_held_it_then(rita, maria):
    opened(rita, "manager", hours_ago=20)
    LevelHolder.objects.all().delete()
    person("peter", "manager")
    notices.remind_due()
    assert told(REMINDER) == ["peter"]


def test_nobody_is_reminded_of_what_is_decided_closed_or_late(rita, maria):
    decided = opened(rita, "manager", "vp", hours_ago=20)
    approves(maria, decided)
    closes(opened(rita, "manager", hours_ago=20), "withdrawn")
    opened(rita, "manager", hours_ago=25)
    assert notices.remind_due() == 0
    assert told(REMINDER) == []
    assert not Step.objects.filter(remind_at__isnull=False).exists(), "nor looked at again"


def test_each_level_has_its_own_reminder(rita, maria, vera):
    request = opened(rita, "manager", "vp", hours_ago=20)
    notices.remind_due()
    approves(maria, request)
    opens(request, 1, at=time.time() - 19 * 3600)
    notices.remind_due()
    assert told(REMINDER) == ["maria", "vera"]


def test_who_wants_no_reminder_gets_none(rita, maria):
    Preferences.objects.create(user=maria, reminder=False)
    opened(rita, "manager", hours_ago=20)
    notices.remind_due()
    assert told(REMINDER) == []
    assert told(Kind.LEVEL_WAITS) == ["maria"]


def test_it_says_that_most_of_the_time_has_passed(rita, maria):
    opened(rita, "manager", hours_ago=20)
    notices.remind_due()
    message = said(Letter.objects.get(kind=REMINDER))
    assert message.subject.endswith("Forklift: still waits for you")
    assert "Most of its time has passed" in message.text


def test_nothing_to_remind_of_costs_one_query(rita, maria, django_assert_num_queries):
    opened(rita, "manager", hours_ago=1)
    with django_assert_num_queries(1):
        notices.remind_due()


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_remind_once():
    rita, _maria = person("rita"), person("maria", "manager")
    for _number in range(10):
        opened(rita, "manager", hours_ago=20)
    found = []

    def work():
        found.append(notices.remind_due())
        connections.close_all()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(found) == 10
    assert told(REMINDER) == ["maria"] * 10
