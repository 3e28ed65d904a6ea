"""Every view in every order, searched and filtered: each request once, and none that one may not see."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from approvals import asking, finding, queries
from approvals.asking import SORTS, VIEWS, Asked
from approvals.models import Request, Status, Step
from approvals.searched import SearchText
from tests.approvals.inbox.conftest import made
from tests.approvals.web.making import decided

NOW = timezone.now()


def titles(user, view="open", **asked):
    return [row.title for row in queries.page_of(user, Asked(view, **asked)).rows]


@pytest.mark.parametrize(("view", "sort"), [(view, sort) for view in VIEWS for sort in SORTS[view]])
@pytest.mark.parametrize("narrow", ["", "forklift"])
@pytest.mark.parametrize("few", [0, 2_000])
def test_pages_hold_every_request_once_and_in_order(maria, rita, view, sort, narrow, few, monkeypatch):
    monkeypatch.setattr(finding, "FEW", few)
    status = Status.REJECTED if view in ("closed", "decided") else Status.WAITING
    for number in range(9):
        more = {"amount": None if number > 6 else Decimal(number // 2)}
        more |= {"deadline": NOW + timedelta(hours=number // 3)} if status == Status.WAITING else {"closed_at": NOW}
        one = made(rita, "manager", status=status, **more)
        if view == "decided":
            decided(one, 0, maria, Step.State.REJECTED)
    if view in ("open", "mine"):
        for _ in range(3):
            made(rita, "manager", status=Status.ACTION_FAILED)
    user, seen, after = rita if view == "mine" else maria, [], ""
    whole = [row.pk for row in queries.page_of(user, Asked(view, sort, narrow)).rows]
    while True:
        part = queries.page_of(user, Asked(view, sort, narrow, after=after), 2)
        seen += [row.pk for row in part.rows]
        if not (after := part.next):
            break
    assert seen == whole
    assert len(set(seen)) == (12 if view in ("open", "mine") else 9)


def test_the_largest_the_oldest_and_the_soonest_stand_first(maria, rita):
    made(rita, "manager", title="old", amount=5, due_in=3)
    made(rita, "manager", title="large", amount=500, due_in=2)
    made(rita, "manager", title="none", amount=None, due_in=1)
    for view in ("waiting", "open"):
        assert titles(maria, view) == ["none", "large", "old"]
        assert titles(maria, view, sort="amount") == ["large", "old", "none"]
        assert titles(maria, view, sort="age") == ["old", "large", "none"]


@pytest.mark.parametrize("order", ["due", "amount", "age", "latest"])
@pytest.mark.parametrize(
    "after",
    ["x", "_", "2026_1", "NaN_1", "1e999_1", "-_1", "_99999999999999999999", "٣_٣", "2026-01-01_5", "'_1", "_5"],
)
def test_a_broken_place_is_no_error(maria, rita, order, after):
    made(rita, "manager")
    for view in VIEWS:
        asked = Asked(view, order if order in SORTS[view] else "", after=after)
        page, first = queries.page_of(maria, asked), queries.page_of(maria, Asked(view, asked.sort))
        assert page.readable or [row.pk for row in page.rows] == [row.pk for row in first.rows]


# --- decided by me ----------------------------------------------------------------------------------------------------


def test_what_i_decided_stands_there_last_decision_first_and_once(maria, dirk, rita):
    first = made(rita, "manager", "director", at=1, title="first", distinct_approvers=False)
    second = made(rita, "manager", "director", at=1, title="second")
    decided(first, 0, maria)
    decided(second, 0, maria)
    decided(first, 1, maria)
    made(rita, "manager", title="not decided")
    assert titles(maria, "decided") == ["first", "second"]
    assert titles(dirk, "decided") == []
    assert queries.counts_for(maria)["decided"] == 2


def test_what_i_decided_and_may_not_see_any_more_is_gone(maria, rita):
    one = made(rita, "manager")
    decided(one, 0, maria)
    maria.levels_held.all().delete()
    assert titles(maria, "decided") == []


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("few", [0, 2_000])
def test_search_finds_title_reference_requester_and_details(maria, rita, few, monkeypatch):
    monkeypatch.setattr(finding, "FEW", few)
    one = made(
        rita, "manager", title="Café: Forklift, 2.5 t", details={"Vendor": "Acme Lift GmbH", "Parts": ["Müller"]}
    )
    made(maria, "manager", title="Chairs", self_approval=True)
    number = 2000 + one.pk
    for text in ("forklift", "FORK", "cafe", f"R-{number}", f"r {number}", str(number), "rita", "Lang", "acme vendor"):
        assert titles(maria, "waiting", q=text) == [one.title], text
    assert titles(maria, "waiting", q="muller fork") == [one.title]
    for text in ("orklift", "chairs forklift", f"R-{number}9", "nothing"):
        assert titles(maria, "waiting", q=text) == [], text


@pytest.mark.parametrize(
    "text",
    ['"', "'", "%", "_", "a%", 'fork" OR "x', "NEAR(fork lift)", "text:fork", "fork*", "-fork", "\\", "^", "(", "🚚"],
)
@pytest.mark.parametrize("few", [0, 2_000])
def test_signs_and_operators_are_only_signs(maria, rita, text, few, monkeypatch):
    monkeypatch.setattr(finding, "FEW", few)
    made(rita, "manager", title="fork lift text")
    asked = asking.read({"q": text, "view": "open"})
    assert len(queries.page_of(maria, asked).rows) in (0, 1)


def test_search_shows_nobody_what_is_not_theirs(maria, olga, rita):
    made(rita, "manager", title="secret forklift")
    for view in VIEWS:
        assert titles(olga, view, q="forklift") == []
    assert titles(rita, "mine", q="forklift") == ["secret forklift"]


def test_much_that_matches_for_others_hides_nothing_of_ones_own(rita, olga, monkeypatch):
    monkeypatch.setattr(finding, "FEW", 2)
    made(olga, "manager", title="forklift of olga")
    for _ in range(5):
        made(rita, "manager", title="forklift")
    assert titles(olga, "open", q="forklift") == ["forklift of olga"]


def test_what_is_deleted_or_written_anew_is_found_as_it_is(rita, maria):
    one, other = made(rita, "manager", title="forklift"), made(rita, "manager", title="forklift")
    Request.objects.filter(pk=one.pk).delete()
    text = SearchText.objects.get(pk=other.pk)
    text.text = " crane "
    text.save()
    assert titles(maria, "open", q="forklift") == []
    assert titles(maria, "open", q="crane") == ["forklift"]


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("few", [0, 2_000])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "late"}, ["late"]),
        ({"state": "action_failed"}, ["failed"]),
        ({"state": "nonsense"}, []),
        ({"level": "director"}, ["with dirk"]),
        ({"kind": "travel"}, ["travel"]),
        ({"requester": "dir"}, ["travel"]),
        ({"requester": "holm dirk"}, ["travel"]),
        ({"amount_from": "1000"}, ["with dirk"]),
        ({"amount_to": "10"}, ["late"]),
        ({"amount_from": "10.00", "amount_to": "20"}, ["late", "failed"]),
        ({"due_before": (NOW + timedelta(days=3)).date().isoformat()}, ["late", "travel"]),
        ({"kind": "travel", "level": "director"}, []),
        ({"q": "late", "state": "late", "amount_to": "10"}, ["late"]),
    ],
)
def test_filters_narrow(boss, rita, dirk, asked, found, few, monkeypatch):
    monkeypatch.setattr(finding, "FEW", few)
    made(rita, "manager", title="late", due_in=-2, amount=10)
    made(rita, "manager", title="failed", status=Status.ACTION_FAILED, amount=20)
    made(rita, "manager", "director", at=1, title="with dirk", amount=1000, due_in=900)
    made(dirk, "manager", title="travel", kind="travel", amount=30, due_in=3)
    assert sorted(titles(boss, **asked)) == sorted(found)


def test_a_key_says_the_same_question_in_one_way_only():
    asked = asking.read({"view": "open", "q": "  fork   lift ", "sort": "amount", "kind": "travel", "after": "5_3"})
    assert asked.key == "open?sort=amount&q=fork+lift&kind=travel&after=5_3"
    assert asking.of_key(asked.key) == asked
    for key in (
        "",
        "all",
        "open?",
        "open?x=1",
        "open?q=",
        "open?kind=travel&q=fork",
        "open?amount_from=x",
        "open?sort=due",
    ):
        assert asking.of_key(key) is None, key


def test_another_view_keeps_what_was_asked_but_not_the_place():
    asked = Asked("open", "amount", q="fork", after="5_3")
    assert asked.but(view="mine") == Asked("mine", "amount", q="fork")
    assert asked.but(view="closed").but(sort="latest") == Asked("closed", q="fork")
