"""Both are told by mail: when it is set, on its first day, and when it is ended; but for who wants to hear nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from accounts.models import Letter, Preferences
from approvals import absence, absence_notices, holders
from approvals.models import Delegation, Level
from tests.approvals.absence.conftest import day
from tests.approvals.notices.conftest import asked, opens, said, told
from tests.approvals.web.making import request_of

pytestmark = pytest.mark.django_db


def sets(vera, dirk, first=0, last=4, by=None, levels=("vp",)):
    found = tuple(Level.objects.filter(name__in=levels))
    wanted = absence.Wanted(vera, dirk, found, day(first), day(last))
    return absence.delegate(wanted=wanted, form_id=uuid4(), by=by or vera)


def letter(user, **more):
    return said(Letter.objects.get(user=user, **more))


def test_both_are_told_that_it_is_set(vera, dirk):
    sets(vera, dirk)
    assert told("absence") == ["dirk", "vera"]
    to_vera, to_dirk = letter(vera), letter(dirk)
    assert to_vera.subject == "Dirk Holm stands in for you as VP"
    assert to_dirk.subject == "You stand in for Vera Stein as VP"
    assert absence.shown(day(4)) in to_dirk.text
    assert "what waits already is in your inbox" in to_dirk.text
    assert "/approvals/absence/" in to_dirk.text
    assert "/approvals/absence/" in to_dirk.html


def test_several_levels_are_one_letter(vera, dirk):
    from approvals.models import LevelHolder

    LevelHolder.objects.create(user=vera, level=Level.objects.get(name="ceo"))
    sets(vera, dirk, levels=("vp", "ceo"))
    assert told("absence") == ["dirk", "vera"]
    assert letter(dirk).subject.endswith("VP and CEO")


def test_who_set_it_is_said_to_whom_it_was_not(vera, dirk, boss):
    sets(vera, dirk, by=boss)
    assert "It was set by admin." in letter(vera).text
    assert "It was set by" in letter(dirk).html


def test_who_wants_to_hear_nothing_of_it_is_not_told(vera, dirk):
    Preferences.objects.create(user=dirk, absence=False)
    sets(vera, dirk)
    assert told("absence") == ["vera"]


def test_the_stand_in_is_told_again_on_the_first_day_once(vera, dirk, monkeypatch):
    sets(vera, dirk, 2, 4)
    assert "You are told again on the first day." in letter(dirk).text
    assert absence_notices.begin_due() == 0
    later = day(2)
    for module in (holders, absence_notices):
        monkeypatch.setattr(module, "day_of", lambda _at: later)
    assert absence_notices.begin_due() == 1
    assert absence_notices.begin_due() == 0
    assert told("absence") == ["dirk", "dirk", "vera"]
    assert Delegation.objects.get().begun_at is not None


def test_one_that_begins_at_once_is_told_once(vera, dirk):
    sets(vera, dirk)
    assert absence_notices.begin_due() == 0


def test_both_are_told_that_it_has_ended(vera, dirk):
    [one] = sets(vera, dirk)
    Letter.objects.all().delete()
    absence.end(delegation=one, by=vera)
    assert told("absence") == ["dirk", "vera"]
    assert letter(dirk).subject == "You no longer stand in for Vera Stein as VP"
    assert "it was ended by Vera Stein" in letter(dirk).text


def test_what_was_ended_before_it_was_told_is_not_told(vera, dirk):
    [one] = sets(vera, dirk)
    first = Letter.objects.get(user=dirk)
    absence.end(delegation=one, by=vera)
    assert said(first) is None


def test_who_has_gone_is_not_written_to(vera, dirk):
    sets(vera, dirk)
    first = Letter.objects.get(user=dirk)
    User.objects.filter(pk=dirk.pk).update(is_active=False)
    first.refresh_from_db()
    assert said(first) is None


def test_a_stand_in_is_told_of_a_level_that_waits(vera, dirk, rita):
    sets(vera, dirk)
    opens(asked(rita, "vp"))
    assert told("level_waits") == ["dirk", "vera"]
    assert "waits for you as VP, for Vera Stein, until" in letter(dirk, kind="level_waits").text
    assert "waits for you as VP, until" in letter(vera, kind="level_waits").text


def test_but_not_of_what_their_delegator_asked_for(vera, dirk):
    sets(vera, dirk)
    opens(asked(vera, "vp"))
    assert told("level_waits") == []


def test_a_letter_that_was_not_sent_yet_is_dropped_when_it_ends(vera, dirk, rita):
    [one] = sets(vera, dirk)
    opens(asked(rita, "vp"))
    absence.end(delegation=one, by=vera)
    assert letter(dirk, kind="level_waits") is None
    assert letter(vera, kind="level_waits") is not None


def test_days_are_the_sites(vera, dirk, rita, settings):
    """Far from the site it may be another day already: that does not count."""
    from django.utils import timezone

    sets(vera, dirk, 0, 0)
    with timezone.override("Pacific/Kiritimati"):
        from approvals.queries import count_waiting_for

        request_of(rita, "vp")
        assert count_waiting_for(dirk) == 1
    assert day(1) - day(0) == timedelta(days=1)
