"""The budget of a service: each rule as a sentence; then any number of batches, and no window is ever too full."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.resilience.budget import Answer, Ask, Budget, BudgetState, Gate, Take, Window
from worker.resilience.versioned import Versioned

T = 1_700_000_000.0
CLOSED = Gate()
STATE = Versioned("budget", BudgetState, version=1)


class Asking:
    """Batches that ask one budget; each question has the next number, each piece the next round."""

    def __init__(self, limit=100, seconds=60.0):
        self.budget = Budget(Window(limit, seconds) if limit else None, BudgetState())
        self.numbers, self.rounds, self.running = {}, {}, {}

    def ask(self, batch, count, now=T, gate=CLOSED):
        self.numbers[batch] = self.numbers.get(batch, 0) + 1
        running = self.running.setdefault(batch, [])
        round = self.rounds.get(batch, 0) + 1
        answer = self.budget.ask(Ask(batch, self.numbers[batch], round, count, tuple(running), wants=count), gate, now)
        if answer.granted:
            self.rounds[batch] = round
            running.append(round)
        return answer

    def all(self, batch, count, now=T):
        """As often as something is granted."""
        granted = 0
        while (answer := self.ask(batch, count, now)).granted:
            granted += answer.granted
        return granted, answer

    def ended(self, batch):
        self.running[batch].clear()


def test_it_lends_up_to_its_limit_in_pieces_and_then_says_when_more_will_be_free():
    asking = Asking()
    assert asking.all("a", 1_000)[0] == 100
    assert max(each.count for each in asking.budget.state.lent) == 5
    asking.ended("a")
    answer = asking.ask("a", 1_000, T + 1)
    assert (answer.granted, answer.cause, answer.others) == (0, "budget", 0)
    assert (answer.wait, answer.until) == (15, pytest.approx(T + 61, abs=0.01))
    assert asking.ask("a", 1_000, T + 61.01).granted == 5


def test_what_is_out_counts_until_it_is_back_however_long_that_takes():
    """A worker was away for an hour: what it was lent before it may call at any moment."""
    asking = Asking()
    asking.all("a", 1_000)
    refused = asking.ask("b", 10, T + 500)
    assert (refused.granted, refused.cause, refused.others) == (0, "budget", 1)
    assert 0 < refused.wait <= 2
    asking.ended("a")
    asking.ask("a", 0, T + 501)
    assert asking.ask("b", 10, T + 502).granted == 0
    assert asking.ask("b", 10, T + 561.1).granted == 5


def test_a_question_that_is_asked_twice_is_granted_once():
    asking = Asking()
    question = Ask("a", 1, 1, 5)
    assert [asking.budget.ask(question, CLOSED, T + n).granted for n in range(3)] == [5, 5, 5]
    assert len(asking.budget.state.lent) == 1


def test_a_question_that_was_overtaken_gives_nothing_and_takes_nothing_back():
    asking = Asking()
    asking.ask("a", 5)
    asking.ask("a", 5)
    late = asking.budget.ask(Ask("a", 1, 1, 5), CLOSED, T + 1)
    assert late.granted == 0
    assert [each.round for each in asking.budget.state.lent] == [1, 2]


def test_what_was_lent_but_not_begun_is_lent_again_under_its_round_or_given_back():
    asking = Asking(limit=10)
    asking.budget.ask(Ask("a", 1, 1, 1), CLOSED, T)
    assert asking.budget.ask(Ask("a", 2, 1, 1), CLOSED, T + 5).granted == 1
    assert len(asking.budget.state.lent) == 1
    asking.budget.ask(Ask("a", 3, 1, 0), CLOSED, T + 6)
    assert asking.budget.state.lent == []


def test_who_comes_first_is_first_and_who_came_later_is_told_to_come_later():
    asking = Asking(limit=20, seconds=2)
    asking.all("a", 1)
    asking.ended("a")
    assert asking.ask("a", 1, T).cause == "budget"
    first = asking.ask("b", 1, T + 0.1)
    asking.ask("a", 0, T + 0.2)
    second = asking.ask("a", 1, T + 0.3)
    assert first.wait < 2.0 < second.wait + 0.5
    assert asking.ask("a", 20, T + 2.05).granted > 0, "there is enough for both"


def test_with_one_free_the_first_gets_it_though_another_asks_before():
    asking = Asking(limit=1)
    asking.ask("a", 1)
    asking.ended("a")
    asking.ask("a", 0)
    first = asking.ask("b", 1, T + 1)
    asking.ask("c", 1, T + 2)
    back = first.until
    assert asking.ask("c", 1, back).granted == 0
    assert asking.ask("b", 1, back + 0.1).granted == 1


def test_who_does_not_come_back_is_not_waited_for():
    asking = Asking(limit=1)
    asking.ask("a", 1)
    asking.ended("a")
    asking.ask("a", 0)
    first = asking.ask("b", 1, T + 1)
    asking.ask("c", 1, T + 2)
    assert asking.ask("c", 1, first.until + 2.1).granted == 1


def test_two_that_want_much_get_the_same():
    asking, now = Asking(limit=100, seconds=60), T
    got = {"a": 0, "b": 0}
    asking.all("a", 50)
    while now < T + 600:
        for batch in ("a", "b"):
            granted, _answer = asking.all(batch, 50, now)
            got[batch] += granted
            asking.ended(batch)
            asking.ask(batch, 50, now)
        now += 1.0
    assert min(got.values()) > 0.4 * sum(got.values())


def test_a_piece_larger_than_the_limit_is_cut():
    asking = Asking(limit=3, seconds=3_600)
    assert asking.all("a", 10_000)[0] == 3


def test_a_new_limit_counts_from_the_next_question_on():
    asking = Asking(limit=10)
    asking.all("a", 1)
    asking.budget.window = Window(20, 60)
    assert asking.all("a", 1)[0] == 10
    asking.budget.window = Window(5, 60)
    assert asking.ask("a", 1).granted == 0
    asking.budget.window = None
    assert asking.ask("a", 1_000).granted == 1_000


def test_with_the_circuit_open_nothing_is_lent_and_half_open_one_item_at_a_time():
    asking = Asking()
    refused = asking.ask("a", 10, gate=Gate("open", "none", T + 3))
    assert refused == Answer(0, 3.0, "circuit", 0, T + 3)
    assert asking.ask("a", 10, gate=Gate("forced_open", "none")).wait == 5
    assert asking.ask("a", 10, gate=Gate("half_open", "trial")).granted == 1
    assert asking.ask("b", 10, gate=Gate("half_open", "trial")).cause == "circuit"
    asking.ended("a")
    asking.ask("a", 0)
    assert asking.ask("b", 10, gate=Gate("half_open", "trial")).granted == 1


def test_what_a_batch_held_is_given_back_when_it_is_over_or_has_been_silent_for_too_long():
    asking = Asking()
    asking.all("a", 1_000)
    assert asking.ask("b", 1, T + 100).granted == 0
    assert asking.budget.silent("b", 30) == ["a"]
    asking.budget.over(["a"], T + 100)
    assert asking.ask("b", 1, T + 159).granted == 0
    assert asking.ask("b", 1, T + 161).granted == 1
    asking.all("c", 1_000, T + 161)
    assert asking.ask("b", 1, T + 161 + 599).granted == 0
    asking.ask("b", 1, T + 161 + 601)
    assert asking.ask("b", 1, T + 161 + 670).granted == 1


def test_calls_beyond_what_was_lent_count_once_they_are_known():
    asking = Asking(limit=10, seconds=60)
    question = Ask("a", 1, 1, 1, again=8)
    assert [asking.budget.ask(question, CLOSED, T).granted for _ in range(2)] == [1, 1]
    assert asking.ask("b", 1, T).granted == 1
    assert asking.ask("b", 1, T).granted == 0
    assert asking.ask("b", 1, T + 61).granted == 1


def test_its_state_survives_as_json_and_stays_small():
    asking, now = Asking(limit=10_000, seconds=60), T
    for n in range(2_000):
        now += 0.05
        asking.ask(f"b{n % 7}", 10, now)
        asking.ended(f"b{n % 7}")
    kept = STATE.dump(asking.budget.state)
    assert STATE.load(kept) == asking.budget.state
    assert len(asking.budget.state.spent) <= 7 * 202
    assert len(str(kept)) < 60_000


# --- calls beyond what was lent before -----------------------------------------------------------------------------


def lent(asking):
    return {each.round: each.count for each in asking.budget.state.lent}


def test_a_chunk_takes_more_for_its_own_piece_and_what_it_has_called_counts_from_then_on():
    asking = Asking(10, 60)
    assert [asking.ask("a", 1).granted for _ in range(9)] == [1] * 9
    assert asking.budget.take(Take("a", 1, 0, 5), T + 1).granted == 1, "the tenth"
    assert lent(asking)[1] == 1, "what it had was called; one more may be"
    answer = asking.budget.take(Take("a", 1, 0, 1), T + 2)
    assert (answer.granted, answer.cause) == (0, "budget")
    assert answer.until == pytest.approx(T + 61, abs=0.01)
    assert asking.budget.take(Take("a", 1, 0, 1), T + 61.01).granted == 1


def test_asked_again_the_grant_that_was_not_heard_of_counts_as_called():
    asking = Asking(10, 60)
    assert [asking.budget.take(Take("a", 7, 0, 1), T + n / 10).granted for n in range(11)] == [1] * 10 + [0]
    assert lent(asking) == {}


def test_what_is_not_called_of_a_service_that_the_batch_does_not_ask_is_given_back_or_ends_with_its_lease():
    asking = Asking(1, 60)
    assert asking.budget.take(Take("a", 7, 0, 1, lease=20), T).granted == 1
    assert asking.budget.take(Take("a", 7, 1, 0, lease=20), T + 15).granted == 0
    assert asking.budget.take(Take("b", 7, 0, 1), T + 34).until is None, "it is still out"
    assert asking.budget.take(Take("b", 7, 0, 1), T + 36).until == pytest.approx(T + 96, abs=0.1)
    asking = Asking(1, 60)
    asking.budget.take(Take("a", 7, 0, 1), T)
    asking.budget.take(Take("a", 7, 0, 0), T + 5)
    assert asking.budget.take(Take("b", 7, 0, 1), T + 65.1).granted == 1


def test_where_nothing_limits_it_all_is_granted():
    assert Asking(0).budget.take(Take("a", 1, 0, 500), T).granted == 500


# --- any number of batches -------------------------------------------------------------------------------------------

steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 40), st.floats(0, 4), st.booleans(), st.floats(0, 1)),
    min_size=1,
    max_size=120,
)


@settings(max_examples=200, deadline=None)
@given(limit=st.integers(1, 30), seconds=st.floats(1, 20), steps=steps)
def test_no_window_ever_holds_more_calls_than_the_limit_whenever_they_are_made(limit, seconds, steps):
    asking, now, calls, out = Asking(limit, seconds), T, [], []
    for batch, count, pause, ends, when in steps:
        now += pause
        if ends:
            for each, granted, since in [one for one in out if one[0] == batch]:
                calls += [since + (now - since) * when] * granted  # at any moment while it was out
                out.remove((each, granted, since))
            asking.running.get(batch, []).clear()
        if granted := asking.ask(batch, count, now).granted:
            out.append((batch, granted, now))
    calls += [now for _batch, granted, _since in out for _ in range(granted)]
    calls.sort()
    for first in calls:
        assert sum(first <= at < first + seconds * 0.999_999 for at in calls) <= limit


taking = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.floats(0, 4), st.sampled_from("atte"), st.floats(0, 1)),
    min_size=1,
    max_size=120,
)


@settings(max_examples=200, deadline=None)
@given(limit=st.integers(1, 30), seconds=st.floats(1, 20), steps=taking)
def test_neither_where_chunks_take_more_while_they_run(limit, seconds, steps):
    """``out``: of each piece the moments from which on its calls could be made, for those that were not yet."""
    asking, now, calls, out = Asking(limit, seconds), T, [], {}
    for batch, count, pause, what, share in steps:
        now += pause
        mine = [key for key in out if key[0] == batch]
        if what == "e":
            for key in mine:
                calls += [since + (now - since) * share for since in out.pop(key)]
            asking.running.get(batch, []).clear()
        if what == "t" and mine:
            key, made = mine[0], round(len(out[mine[0]]) * share)
            calls += [since + (now - since) * share for since in out[key][:made]]
            out[key] = out[key][made:]
            granted = asking.budget.take(Take(batch, key[1], len(out[key]), count), now).granted
            out[key] += [now] * granted
        elif granted := asking.ask(batch, count, now).granted:
            out[batch, asking.rounds[batch]] = [now] * granted
    calls += [now for moments in out.values() for _ in moments]
    calls.sort()
    for first in calls:
        assert sum(first <= at < first + seconds * 0.999_999 for at in calls) <= limit
