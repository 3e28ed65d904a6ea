"""The live pieces: who may watch what, and that they say the same as the page."""

import pytest
from django.urls import reverse

from approvals.models import Level, LevelHolder
from live.regions import find
from live.rendering import Piece, render
from tests.approvals.web.making import request_of


def drawn(name, user, key=""):
    region = find(name)
    assert region.may_watch(user, key)
    return render(region, Piece(name, key), region.audience(user, key))


def test_a_request_is_watched_by_those_who_see_it(rita, maria, dirk, vera, olga, auditor, boss):
    key = str(request_of(rita, "manager", "director").uuid)
    watch = {
        user.username: find("request").may_watch(user, key) for user in (rita, maria, dirk, vera, olga, auditor, boss)
    }
    assert watch == {
        "rita": True, "maria": True, "dirk": True, "vera": False, "olga": False, "august": True, "admin": True,
    }  # fmt: skip


@pytest.mark.parametrize("key", ["", "x", "waiting", "00000000-0000-4000-8000-000000000000", "\x00"])
def test_a_request_that_is_not_there_is_not_watched(boss, key):
    assert not find("request").may_watch(boss, key)


def test_a_request_has_one_name_only(rita):
    one = request_of(rita, "manager")
    assert not find("request").may_watch(rita, one.uuid.hex)
    assert not find("request").may_watch(rita, str(one.uuid).upper() + " ")


def test_losing_the_level_ends_the_watching(rita, maria):
    one = request_of(rita, "manager")
    LevelHolder.objects.filter(user=maria).delete()
    assert not find("request").may_watch(maria, str(one.uuid))


def test_an_inactive_person_watches_nothing(rita, maria):
    one = request_of(rita, "manager")
    maria.is_active = False
    assert not any(
        find(name).may_watch(maria, key) for name, key in [("request", str(one.uuid)), ("inbox", "open"), ("badge", "")]
    )


def test_those_who_see_a_request_share_one_rendering(rita, maria, boss):
    region, key = find("request"), str(request_of(rita, "manager").uuid)
    assert len({region.audience(user, key) for user in (rita, maria, boss)}) == 1


def test_an_inbox_is_ones_own(rita, maria, dirk):
    request_of(rita, "manager")
    region = find("inbox")
    assert len({region.audience(user, "waiting") for user in (rita, maria, dirk)}) == 3
    assert "Forklift" in drawn("inbox", maria, "waiting")
    assert "Forklift" not in drawn("inbox", dirk, "waiting")


@pytest.mark.parametrize("key", ["", "all", "waiting "])
def test_an_inbox_has_its_views_and_no_others(maria, key):
    assert not find("inbox").may_watch(maria, key)


def test_the_badge_counts_what_waits_for_me(rita, maria, dirk):
    request_of(rita, "manager")
    request_of(rita, "manager")
    assert ">2</span>" in drawn("badge", maria)
    assert "count" not in drawn("badge", dirk)


def test_the_page_holds_what_the_stream_would_send(client, rita, maria):
    one = request_of(rita, "manager")
    client.force_login(maria)
    for address, name, key in [
        (reverse("approvals:inbox"), "inbox", "waiting"),
        (one.get_absolute_url(), "request", str(one.uuid)),
    ]:
        assert drawn(name, maria, key) in client.get(address).content.decode()


def test_nothing_in_an_inbox_takes_input(rita, maria):
    request_of(rita, "manager")
    for word in ("<form", "<input", "<button", "csrf", "decision_id"):
        assert word not in drawn("inbox", maria, "waiting")


def test_a_change_of_levels_drops_what_was_granted(maria, monkeypatch, django_capture_on_commit_callbacks):
    dropped = []
    monkeypatch.setattr("approvals.receivers.forget_grants", dropped.append)
    with django_capture_on_commit_callbacks(execute=True):
        LevelHolder.objects.create(user=maria, level=Level.objects.get(name="vp"))
        LevelHolder.objects.filter(user=maria).delete()
    assert dropped
    assert set(dropped) == {maria.pk}
