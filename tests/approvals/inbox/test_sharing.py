"""Who shares a list: nobody sees a difference, nor what is not theirs; and what is their own is only theirs."""

import pytest
from django.utils import timezone

from approvals import asking
from approvals.access import sight_of, visible_to
from approvals.models import Request, Status, Step
from approvals.sharing import NOBODY, audience_of
from live.regions import find
from live.rendering import Piece, render
from tests.approvals.inbox.conftest import made
from tests.approvals.web.making import decided, queries_of
from tests.conftest import person


def shared(user, view="waiting"):
    return audience_of(user, view).user_id == NOBODY


@pytest.mark.parametrize("key", ["waiting", "open", "closed", "mine", "decided", "open?q=travel", "waiting?sort=age"])
def test_whoever_reads_as_somebody_else_reads_exactly_what_they_would_alone(
    house_of_requests, boss, auditor, olga, key
):
    region = find("inbox")
    for user in (*house_of_requests.values(), boss, auditor, olga):
        audience = region.audience(user, key)
        alone = render(region, Piece("inbox", key), sight_of(user))
        assert render(region, Piece("inbox", key), audience) == alone, user.username


@pytest.mark.parametrize("view", asking.VIEWS)
def test_nobody_is_shown_what_they_may_not_see(house_of_requests, olga, view):
    region = find("inbox")
    for user in (*house_of_requests.values(), olga):
        page = region.read(view, region.audience(user, view))["inbox"]
        mine = set(visible_to(user).values_list("pk", flat=True))
        assert {row.pk for row in (*page.page.rows, *page.others)} <= mine, user.username


def test_the_badge_is_the_same_shared_or_alone(house_of_requests):
    region = find("badge")
    for user in house_of_requests.values():
        assert region.read("", region.audience(user, "")) == region.read("", sight_of(user)), user.username


def test_people_of_one_level_share_what_waits_is_open_and_is_closed(maria, peter, rita):
    made(rita, "manager")
    for key in ("waiting", "open", "closed", "open?sort=amount&q=fork"):
        assert find("inbox").audience(maria, key) == find("inbox").audience(peter, key)
    assert find("badge").audience(maria, "") == find("badge").audience(peter, "")
    for key in ("mine", "decided"):
        assert find("inbox").audience(maria, key) != find("inbox").audience(peter, key)
    assert find("inbox-own").audience(maria, "open") != find("inbox-own").audience(peter, "open")


def test_what_they_have_decided_does_not_part_them(maria, peter, rita):
    for by in (maria, peter):
        one = made(rita, "manager", "director", at=1)
        decided(one, 0, by)
    assert find("inbox").audience(maria, "open") == find("inbox").audience(peter, "open")


def test_an_open_request_of_ones_own_parts_one_from_the_others_until_it_is_closed(maria, peter):
    own = made(peter, "manager")
    assert (shared(maria), shared(peter)) == (True, False)
    Request.objects.filter(pk=own.pk).update(status=Status.APPROVED, closed_at=timezone.now())
    assert (shared(peter), shared(peter, "open")) == (True, True)
    assert not shared(peter, "closed"), "there it stands, whatever its chain was"


def test_whoever_approved_it_at_another_level_is_apart_while_it_waits_at_theirs(rita):
    moved, other = person("moved", "director"), person("other", "director")
    one = made(rita, "manager", "director", at=1)
    decided(one, 0, moved)
    assert (shared(moved), shared(other)) == (False, True)
    one.steps.filter(index=0).update(decided_by=other, on_behalf_of=moved)
    assert (shared(moved), shared(other)) == (False, False), "in whose right, and by whose hand"
    one.steps.filter(index=0).update(decided_by=None, on_behalf_of=None, state=Step.State.APPROVED)
    assert (shared(moved), shared(other)) == (True, True)


def test_other_levels_kinds_or_stand_ins_are_another_audience(house_of_requests):
    of = {name: audience_of(user, "waiting") for name, user in house_of_requests.items() if name in _SHARING}
    assert len({*of.values()}) == len(_SHARING)


_SHARING = ("maria", "vera", "limited", "stands-in")


def test_two_hundred_people_of_four_levels_are_few_audiences(db, rita):
    made(rita, "manager")
    levels = ("manager", "director", "vp", "ceo")
    people = [person(f"p{number}", levels[number % 4]) for number in range(200)]
    assert len({audience_of(user, "waiting") for user in people}) == 4


def test_to_know_it_costs_one_query(maria, dirk, rita):
    made(rita, "manager")
    sight = sight_of(maria)
    assert queries_of(lambda: audience_of(sight, "waiting")) == 1
    assert queries_of(lambda: audience_of(sight, "mine")) == 0


def test_whoever_asks_for_something_is_looked_up_again(maria, rita, monkeypatch, django_capture_on_commit_callbacks):
    dropped = []
    monkeypatch.setattr("approvals.sharing.forget_grants", dropped.append)
    with django_capture_on_commit_callbacks(execute=True):
        one = made(maria, "manager")
        made(None, "manager")
        one.save()
    assert dropped == [maria.pk]
