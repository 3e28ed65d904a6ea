"""What is ordered of a batch: each order counts once, and each that does not is answered with the reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.test_batch_counting import OLGA, T, batch, begun
from worker.batch_contract import Limits, Ordered, read_limits, read_order
from worker.batch_orders import KEPT_WISHES, WHY_NOT
from worker.batch_wire import ChunkDone


def ordered(made, action, shown=None, id="", actor="olga"):
    order = Ordered(actor, "look first", id, shown, action)
    if action == "limits":
        return made.limit(Limits(3, None, order), T)
    return made.retry("", 0, order, T) if action == "retry" else getattr(made, action)(order, T)


def answers(made):
    return [(event.kind, event.cause, event.action, event.order) for event in made.news]


def paused():
    made = batch()
    made.pause(OLGA, T)
    return made


def ending():
    made = batch()
    made.cancel(OLGA, T)
    return made


def wished_for_often():
    made = batch(tolerated_failure_rate=1.0)
    made.end(begun(made), ChunkDone(failed=1), T)
    for _ in range(KEPT_WISHES):
        made.retry("", 1, OLGA, T)
    return made


FOR_NOTHING = {
    "pause": (paused, "paused"),
    "resume": (batch, "not_paused"),
    "retry": (batch, "none_failed"),
}


@pytest.mark.parametrize("action", FOR_NOTHING)
def test_an_order_that_changes_nothing_says_so_and_is_no_intervention(action):
    make, cause = FOR_NOTHING[action]
    made = make()
    before = made.state.interventions
    made.news.clear()
    assert not ordered(made, action, id="click")
    assert answers(made) == [("refused", cause, action, "click")]
    assert (made.news[0].reason, made.news[0].what) == ("look first", WHY_NOT[cause])
    assert made.state.interventions == before


def test_too_many_wishes_are_refused():
    made = wished_for_often()
    assert not ordered(made, "retry")
    assert answers(made)[-1] == ("refused", "too_many", "retry", "")


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "limits", "retry"])
def test_what_comes_when_it_is_ending_is_refused_whatever_it_is(action):
    made = ending()
    assert not ordered(made, action, id="click")
    assert answers(made)[-1] == ("refused", "over", action, "click")


def test_of_two_who_press_at_once_one_counts_and_the_other_is_told():
    made = batch()
    assert ordered(made, "pause", shown=0, id="1")
    assert not ordered(made, "cancel", shown=0, id="2", actor="otto")
    assert answers(made) == [("paused", "order", "pause", "1"), ("refused", "overtaken", "cancel", "2")]
    assert made.may_begin is False
    assert not made.state.stopping
    assert ordered(made, "cancel", shown=1, id="3", actor="otto")


def test_who_was_overtaken_hears_that_first_even_when_it_is_ending():
    made = batch()
    ordered(made, "cancel", shown=0, id="1")
    ordered(made, "pause", shown=0, id="2")
    assert answers(made)[-1] == ("refused", "overtaken", "pause", "2")


@pytest.mark.parametrize("make", [batch, paused, ending])
def test_the_same_click_is_answered_once(make):
    made = make()
    ordered(made, "pause", id="click")
    number = len(made.news)
    ordered(made, "pause", id="click")
    assert len(made.news) == number


def test_an_order_carries_what_was_wanted_in_numbers():
    made = batch()
    limits, _errors = read_limits(
        {"max_parallel": 7, "pace": {"kind": "token_bucket", "limit": 5, "per_seconds": 60}, "reason": "they asked"}
    )
    made.limit(limits, T)
    event = made.news[0]
    assert (event.action, event.reason) == ("limits", "they asked")
    pace = [{"kind": "token_bucket", "limit": 5, "per_seconds": 60.0, "burst": None}]
    assert event.details == {"max_parallel": 7, "pace": pace}


@pytest.mark.parametrize("shown", [None, -1, True, "1", 1.5, {}, 2**60], ids=str)
def test_rubbish_as_what_was_seen_checks_nothing(shown):
    assert read_order("pause", "olga", "", "", shown).shown is None
    assert read_order("pause", "olga", "", "", 1.0).shown == 1


CLICKS = st.tuples(
    st.sampled_from(["pause", "resume", "cancel", "limits", "retry"]),
    st.one_of(st.none(), st.integers(0, 6)),
    st.sampled_from(["", *"abcdefgh"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CLICKS, max_size=30), st.booleans())
def test_whatever_is_ordered_each_click_is_answered_once_and_what_counts_is_counted(clicks, with_failures):
    made = batch(tolerated_failure_rate=1.0)
    if with_failures:
        made.end(begun(made), ChunkDone(failed=2), T)
    applied, answered = 0, set()
    for action, shown, id in clicks:
        before, seen = len(made.news), made.state.interventions
        counted = ordered(made, action, shown, id)
        said = made.news[before:]
        applied += counted
        assert len(said) == (0 if id and id in answered else 1)
        assert all((event.order, event.action) == (id, action) for event in said)
        assert counted == any(event.kind != "refused" for event in said)
        assert not (counted and shown is not None and shown != seen), "overtaken"
        answered.add(id)
    assert made.state.interventions == applied
    assert [event.number for event in made.news] == list(range(1, len(made.news) + 1))
    assert made.state.stopping in ("", "cancelled")
