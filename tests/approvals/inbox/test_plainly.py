"""Every list and every number, whichever way it is found, is what reading request by request gives."""

from typing import NamedTuple

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from approvals import access, finding, queries
from approvals.access import sight_of
from approvals.asking import SORTS, VIEWS, Asked
from approvals.models import Request, Status, Step
from approvals.rows import may_decide
from tests.approvals.inbox.conftest import made
from tests.approvals.web.making import decided
from tests.conftest import person


def reaches(sight, level, one):
    """Nobody sees by a delegation what its delegator asked for themself."""
    lent = sight.stand_ins_at(level, one.kind)
    return sight.holds(level, one.kind) or any(each.holder_id != one.requester_id for each in lent)


def sees(sight, one):
    in_chain = any(reaches(sight, step.level, one) for step in one.steps.all())
    return sight.everything or one.requester_id == sight.user_id or in_chain


def last_decision(sight, one):
    own = [step for step in one.steps.all() if step.decided_by_id == sight.user_id and step.decided_at]
    return max((step for step in own), key=lambda step: step.index, default=None)


def belongs(sight, view, one):
    return {
        "waiting": lambda: may_decide(sight, one),
        "open": lambda: one.is_open and sees(sight, one),
        "closed": lambda: not one.is_open and sees(sight, one),
        "mine": lambda: one.requester_id == sight.user_id,
        "decided": lambda: last_decision(sight, one) is not None and sees(sight, one),
    }[view]()


def plainly(sight, view, order, requests):
    found = [one for one in requests if belongs(sight, view, one)]
    of = {
        "due": lambda one: one.deadline,
        "amount": lambda one: one.amount,
        "age": lambda one: one.pk,
        "latest": lambda one: {"decided": lambda: last_decision(sight, one).decided_at, "closed": lambda: one.closed_at}
        .get(view, lambda: one.pk)(),
    }[order]  # fmt: skip
    down = order in ("amount", "latest")
    with_value = sorted((one for one in found if of(one) is not None), key=lambda o: (of(o), o.pk), reverse=down)
    without = sorted((one for one in found if of(one) is None), key=lambda o: o.pk, reverse=down)
    both = without + with_value if view == "open" and order == "due" else with_value + without
    return [one.pk for one in both]


WAYS = {"looked up": (2_500, 10_000), "walked": (0, 0), "walked, but looked up where narrowed": (0, 10_000)}


@pytest.fixture(params=["looked up", "walked"])
def way(request, monkeypatch):
    few, some = WAYS[request.param]
    monkeypatch.setattr(access, "FEW", few)
    monkeypatch.setattr(access, "SOME", some)
    monkeypatch.setattr(access, "_reach", {})
    return request.param


class House(NamedTuple):
    people: list[User]
    requests: list[Request]


@pytest.fixture
def house(house_of_requests, maria, dirk, rita, boss, olga):
    """More of what differs by the way it is found: levels twice in a chain, no amount, two decisions of one person."""
    manages_travel = person("manages-travel", "manager")
    manages_travel.levels_held.update(kinds="travel")
    made(rita, "manager", "manager", at=1, title="twice the same level", amount=None)
    made(rita, "", "manager", title="any level, then the manager", kind="travel", amount=None)
    made(dirk, "director", "vp", status=Status.REJECTED, closed_at=timezone.now(), amount=None)
    made(rita, "manager", status=Status.ACTION_FAILED, amount=7)
    both = made(rita, "manager", "director", at=1, distinct_approvers=False, amount=None)
    decided(both, 0, maria)
    decided(made(rita, "manager", "director", at=1), 0, maria)
    decided(both, 1, maria, Step.State.REJECTED)
    stood_in = made(rita, "manager", "director", at=1, title="approved for dirk")
    stood_in.steps.filter(index=0).update(decided_by=olga, on_behalf_of=dirk, decided_at=timezone.now())
    people = [*house_of_requests.values(), manages_travel, boss, olga]
    return House(people, list(Request.objects.prefetch_related("steps")))


@pytest.mark.parametrize(("view", "sort"), [(view, sort) for view in VIEWS for sort in SORTS[view]])
def test_every_list_is_in_its_order_what_reading_one_by_one_gives(house, way, view, sort):
    for user in house.people:
        whole = plainly(sight_of(user), view, sort, house.requests)
        asked = Asked(view, "" if sort == SORTS[view][0] else sort)
        assert [row.pk for row in queries.page_of(user, asked).rows] == whole[: queries.PAGE], user.username


@pytest.mark.parametrize(("view", "sort"), [(view, sort) for view in VIEWS for sort in SORTS[view]])
def test_pages_of_three_are_the_same_list(house, way, view, sort):
    for user in house.people:
        seen, after = [], ""
        while True:
            page = queries.page_of(user, Asked(view, "" if sort == SORTS[view][0] else sort, after=after), 3)
            seen += [row.pk for row in page.rows]
            if not (after := page.next):
                break
        assert seen == plainly(sight_of(user), view, sort, house.requests), user.username


def test_every_number_is_what_counting_one_by_one_gives(house, way):
    for user in house.people:
        sight = sight_of(user)
        assert queries.counts_for(user) == {view: len(plainly(sight, view, "age", house.requests)) for view in VIEWS}, (
            user.username
        )


def test_numbers_stop_at_the_cap_however_many_lists_they_are_of(house, way, monkeypatch):
    monkeypatch.setattr(queries, "CAP", 2)
    monkeypatch.setattr("approvals.counting.CAP", 2)
    for user in house.people:
        whole = {view: min(3, len(plainly(sight_of(user), view, "age", house.requests))) for view in VIEWS}
        assert queries.counts_for(user) == whole, user.username


@pytest.mark.parametrize("way", WAYS, indirect=True)
@pytest.mark.parametrize("few", [0, 2_000])
@pytest.mark.parametrize("narrow", [{"kind": "travel"}, {"amount_from": "100"}, {"state": "waiting"}, {"q": "any"}])
def test_narrowed_it_is_that_part_of_the_list(house, way, narrow, few, monkeypatch):
    monkeypatch.setattr(finding, "FEW", few)
    holds = {
        "kind": lambda one: one.kind == "travel",
        "amount_from": lambda one: one.amount is not None and one.amount >= 100,
        "state": lambda one: one.status == Status.WAITING,
        "q": lambda one: "any" in one.title,
    }[next(iter(narrow))]
    those = {one.pk for one in Request.objects.all() if holds(one)}
    for user in house.people:
        for view in VIEWS:
            whole = [pk for pk in plainly(sight_of(user), view, SORTS[view][0], house.requests) if pk in those]
            found = [row.pk for row in queries.page_of(user, Asked(view, **narrow)).rows]
            assert found == whole[: queries.PAGE], (user.username, view)


def test_what_runs_out_first_is_of_what_one_sees(house, way):
    for user in house.people:
        waits = Request.objects.filter(status=Status.WAITING, deadline__isnull=False).order_by("deadline", "pk")
        whole = [one.pk for one in waits.prefetch_related("steps") if sees(sight_of(user), one)]
        assert [row.pk for row in queries.due_soonest(user, 4)] == whole[:4], user.username
