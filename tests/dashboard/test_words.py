"""How states, money, people and times are said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.utils import timezone

from approvals.models import Attempt, Status, Step
from dashboard.templatetags import times
from dashboard.templatetags.look import icon, initials, money, person, spelled, state
from tests.dashboard.html import refused_by_the_policy

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.parametrize("value", [*Status.values, *Step.State.values, *Attempt.State.values])
def test_a_state_is_a_shape_a_word_and_a_colour(value):
    shown = state(value)
    assert "<svg" in shown
    assert 'class="state is-' in shown
    assert "circle-question-mark" not in shown
    assert f">{value}<" not in shown
    assert not refused_by_the_policy(shown)


def test_open_and_closed_states_differ_in_shape_not_only_in_colour():
    shapes = {value: state(value, "x").partition("<svg")[2] for value in Status.values}
    assert len(set(shapes.values())) == len(shapes)


def test_a_state_may_say_more_and_what_it_says_is_escaped():
    assert "Waiting for &lt;b&gt;" in state("waiting", "Waiting for <b>")


def test_a_state_that_nobody_knows_shows_as_itself():
    assert "sleeping" in state("sleeping")


def test_an_icon_is_passed_over_by_screen_readers_unless_it_has_a_label():
    assert 'aria-hidden="true"' in icon("check")
    assert 'aria-label="Done &quot;now&quot;"' in icon("check", label='Done "now"')


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (Decimal("250000"), "EUR", "250,000.00\u00a0€"),
        (Decimal("1200"), "USD", "1,200.00\u00a0USD"),
        (Decimal("0.5"), "", "0.50\u00a0€"),
        (None, "EUR", "no amount"),
        (Decimal("NaN"), "EUR", "no amount"),
    ],
)
def test_money_has_its_unit_and_does_not_break(amount, currency, said):
    assert money(amount, currency) == said


def test_people_are_said_by_their_names():
    maria = User(username="maria", first_name="Maria", last_name="Berg")
    assert (person(maria), initials(maria)) == ("Maria Berg", "MB")
    assert (person(User(username="olga")), initials(User(username="olga"))) == ("olga", "OL")
    assert person(None) == "nobody"


@pytest.mark.parametrize(("number", "said"), [(0, "No"), (1, "One"), (4, "Four"), (12, "Twelve"), (1300, "1,300")])
def test_small_numbers_are_words(number, said):
    assert spelled(number) == said


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=3, minutes=10), "due in 3 h 10 min"),
        (timedelta(minutes=59), "due in 59 min"),
        (timedelta(minutes=5), "due in 5 min"),
        (timedelta(minutes=4, seconds=59), "due in 4 min 59 s"),
        (timedelta(minutes=2), "due in 2 min"),
        (timedelta(seconds=40), "due in 40 s"),
        (timedelta(), "0 s late"),
        (timedelta(hours=33, minutes=30), "due tomorrow, 21:30"),
        (timedelta(days=20), "due 30 Mar, 12:00"),
        (timedelta(hours=-2), "2 h late"),
    ],
)
def test_a_deadline_is_said_as_a_person_would(ahead, said):
    assert f">{said}</time>" in times.due(NOW + ahead)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "today 09:00"),
        (timedelta(hours=13), "yesterday 23:00"),
        (timedelta(days=9), "1 Mar, 12:00"),
        (timedelta(days=400), "3 Feb 2025, 12:00"),
    ],
)
def test_the_past_is_said_as_a_person_would(ago, said):
    assert f">{said}</time>" in times.when(NOW - ago)


def test_a_time_carries_the_exact_moment_with_its_zone():
    with timezone.override("Europe/Berlin"):
        shown = times.when(NOW - timedelta(hours=3))
    assert 'datetime="2026-03-10T10:00:00+01:00"' in shown
    assert 'title="10 Mar 2026, 10:00:00 CET"' in shown


def test_only_near_times_are_aged_in_the_browser():
    assert 'data-age="past"' in times.when(NOW - timedelta(minutes=5))
    assert 'data-age="due"' in times.due(NOW + timedelta(hours=5))
    assert "data-age" not in times.when(NOW - timedelta(days=5))
    assert "data-age" not in times.due(NOW + timedelta(days=5))


@pytest.mark.parametrize(
    ("ahead", "near"),
    [
        (timedelta(hours=30), None),
        (timedelta(hours=2), None),
        (timedelta(minutes=59), "soon"),
        (timedelta(minutes=4, seconds=59), "now"),
        (timedelta(), "late"),
        (timedelta(days=-3), "late"),
    ],
)
def test_a_deadline_that_comes_near_or_has_passed_has_a_shape_of_its_own(ahead, near):
    shown = times.due(NOW + ahead)
    assert ("data-due" in shown) == (near is not None)
    assert near is None or f'data-due="{near}"' in shown
    assert (NOW + ahead).strftime("%H:%M:%S UTC") in shown


def test_templates_can_use_all_of_it():
    source = '{% load look times %}{% icon "x" size=20 %}{% state "waiting" "Waiting" %}'
    source += '{{ a|money:"USD" }}{{ t|when }}{{ n|lasting }}'
    shown = Template(source).render(Context({"a": 5, "t": NOW, "n": 11400}))
    assert "5.00\u00a0USD" in shown
    assert "3 h 10 min" in shown
    assert not refused_by_the_policy(shown)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(minutes=5), "11:55"),
        (timedelta(hours=13), "9 Mar, 23:00"),
        (timedelta(days=400), "3 Feb 2025, 12:00"),
    ],
)
def test_in_a_column_of_times_each_is_the_time_of_day(ago, said):
    shown = times.clock(NOW - ago)
    assert f">{said}</time>" in shown
    assert "data-age" not in shown
