"""What lists need of many people at once is the same as of each alone, costs as little, and counts for seconds only."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.models import Delegation, Level, LevelHolder
from live import grants
from live.regions import find
from live.rendering import Piece
from tests.approvals.inbox.conftest import made
from tests.conftest import person
from tests.live.conftest import session_of

PIECES = [Piece("badge"), *(Piece("inbox", view) for view in ("waiting", "open", "closed", "mine")), Piece("inbox-own")]


def audiences(*users):
    """Of each, read for all of them together."""
    answers = grants.check([grants.Asked(session_of(user), PIECES) for user in users])
    return [answer and dict(answer.audiences) for answer in answers]


def alone(user):
    watched = [(piece, find(piece.name)) for piece in PIECES]
    return {piece: region.audience(user, piece.key) for piece, region in watched if region.may_watch(user, piece.key)}


def test_read_together_everybody_sees_what_they_would_see_alone(house_of_requests, boss, auditor, olga):
    people = [*house_of_requests.values(), boss, auditor, olga]
    assert audiences(*people) == [alone(User.objects.get(pk=user.pk)) for user in people]


def test_those_who_decide_at_the_same_levels_cost_what_one_of_them_costs(db, rita):
    made(rita, "manager", "director")
    people = [person(f"p{number}", "manager") for number in range(20)]
    some = [Piece("badge"), Piece("inbox", "open"), Piece("inbox-own", "open")]

    def queries(users):
        asked = [grants.Asked(session_of(user), some) for user in users]
        grants.check(asked)  # how rarely these levels decide is known for a minute then
        with CaptureQueriesContext(connection) as seen:
            assert all(grants.check(asked))
        return len(seen)

    assert queries(people) == queries(people[:1]) <= 8


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def tomorrow(monkeypatch):
    """Calling it makes it tomorrow."""
    then = timezone.now() + timedelta(days=1)
    return lambda: monkeypatch.setattr(timezone, "now", lambda: then)


def levels_of(user):
    [found] = audiences(user)
    return found[Piece("badge")].deciding


def test_a_level_that_was_taken_away_by_whatever_is_not_in_the_next_grant(maria):
    assert levels_of(maria) == ("manager", "")
    LevelHolder.objects.filter(user=maria)._raw_delete("default")
    assert levels_of(maria) == ()


def test_a_level_begins_and_ends_with_its_days(maria, tomorrow):
    LevelHolder.objects.filter(user=maria).update(valid_until=in_days(0))
    LevelHolder.objects.create(user=maria, level=Level.objects.get(name="vp"), valid_from=in_days(1))
    assert levels_of(maria) == ("manager", "")
    tomorrow()
    assert levels_of(maria) == ("vp", "")


def test_a_delegation_begins_and_ends_with_its_days(maria, dirk, rita, tomorrow):
    director = Level.objects.get(name="director")
    yesterday, today, next_day = (in_days(days) for days in (-1, 0, 1))
    common = {"delegator": dirk, "level": director}
    Delegation.objects.create(delegate=rita, from_day=next_day, until_day=next_day, **common)
    Delegation.objects.create(delegate=maria, from_day=yesterday, until_day=today, **common)
    assert [levels_of(user) for user in (maria, rita)] == [("manager", "director", ""), ()]
    tomorrow()
    assert [levels_of(user) for user in (maria, rita)] == [("manager", ""), ("director", "")]


def test_somebody_made_auditor_by_whatever_sees_everything_with_the_next_grant(maria):
    assert not audiences(maria)[0][Piece("inbox", "open")].everything
    auditors = Group.objects.get(name="auditors")
    User.groups.through.objects.bulk_create([User.groups.through(user_id=maria.pk, group_id=auditors.pk)])
    assert audiences(maria)[0][Piece("inbox", "open")].everything
