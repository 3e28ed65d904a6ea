"""A level counts from its first day to its last, and for its kinds: wherever somebody asks who holds it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from approvals import access, deciders, queries, rules, why
from approvals.holders import day_of, packed
from approvals.models import Attempt, LevelHolder
from dashboard.queries import roles_of
from tests.approvals.web.making import request_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def today():
    return day_of(timezone.now())


def limit(user, **changed):
    LevelHolder.objects.filter(user=user).update(**changed)


def judged(request, user, at=None):
    attempt = Attempt.objects.create(
        request=request, decision_id=f"d{Attempt.objects.count()}", verdict="approve", level="manager", user=user,
        username=user.username, known_by="signed_in", made_at=at or timezone.now(),
    )  # fmt: skip
    found = rules._person(attempt, rules.Case(request, "waiting", 0, 0.0))
    return found.code if isinstance(found, rules.Refusal) else "counts"


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [(0, 0, True), (None, 0, True), (0, None, True), (1, None, False), (None, -1, False), (-9, 9, True)],
)
def test_the_first_and_the_last_day_are_days_of_it(maria, rita, first, last, holds):
    days = {"valid_from": first, "valid_until": last}
    limit(maria, **{name: None if n is None else today() + n * DAY for name, n in days.items()})
    request = request_of(rita, "manager")
    assert LevelHolder.objects.current().filter(user=maria).exists() is holds
    assert (judged(request, maria) == "counts") is holds
    assert bool(queries.waiting_for(maria).rows) is holds
    assert access.visible_to(maria).filter(pk=request.pk).exists() is holds
    assert bool(deciders.by_level(request, ["manager"])["manager"]) is holds
    assert bool(roles_of(maria).levels) is holds


def test_a_click_counts_by_the_day_on_which_it_was_made(maria, rita):
    limit(maria, valid_until=today() - DAY)
    request = request_of(rita, "manager")
    assert judged(request, maria, timezone.now() - DAY) == "counts"
    assert judged(request, maria) == "not_holder"


def test_a_click_before_the_first_day_does_not_count_later(maria, rita):
    limit(maria, valid_from=today())
    assert judged(request_of(rita, "manager"), maria, timezone.now() - DAY) == "not_holder"


def test_the_day_is_that_of_the_site_whoever_looks():
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with timezone.override("Asia/Tokyo"):
        assert day_of(late).day == 1


@pytest.mark.parametrize("kind", ["travel", "Travel", "trav", "default", "travel hardware", "", "x" * 500])
def test_a_level_for_some_kinds_counts_for_those_alone(maria, rita, kind):
    limit(maria, kinds=packed(["travel", "hardware"]))
    request = request_of(rita, "manager", kind=kind[:50])
    holds = kind == "travel"
    assert (judged(request, maria) == "counts") is holds
    assert bool(queries.waiting_for(maria).rows) is holds
    assert queries.count_waiting_for(maria) == int(holds)
    assert access.visible_to(maria).filter(pk=request.pk).exists() is holds
    assert bool(deciders.by_level(request, ["manager"])["manager"]) is holds
    sight = access.sight_of(maria)
    stands = why.standing(maria, sight, request, {})
    assert stands.can_decide is holds
    assert ("not count for requests of this kind" in stands.why) is not holds


def test_what_waits_for_any_level_waits_for_the_kinds_of_those_one_has(maria, rita):
    limit(maria, kinds=packed(["travel"]))
    for kind in ("travel", "hardware"):
        request_of(rita, "", kind=kind, workflow_type="ApprovalWorkflow")
    assert [row.kind for row in queries.waiting_for(maria).rows] == ["travel"]


def test_kinds_are_kept_once_and_in_order():
    assert packed(["b", " a", "b", ""]) == " a b "
    assert LevelHolder(kinds=packed(["b", "a"])).only_kinds == ("a", "b")
    assert packed([]) == ""
