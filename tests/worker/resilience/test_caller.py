"""One caller's view: its rules as sentences, then any order of events with a real machine as the entity."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.resilience.caller import Ask, Caller, Refusal, Word
from worker.resilience.circuit import Circuit, Order
from worker.resilience.circuit_state import CircuitConfig, CircuitState
from worker.resilience.report import Report

T = 1_700_000_000.0
ORDER = Order("olga", "they move house")


def caller(state="closed", **word):
    made = Caller("payments", "w", 100)
    made.learn(Word("payments", state, **word), T)
    return made


def fail(made, times=5, now=T):
    return [made.failed(False, "503", now) for _ in range(times)]


def half_open(**config):
    return caller("half_open", config=CircuitConfig(**config), number=2)


# --- what is known ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["closed", "disabled", "metrics_only"])
def test_these_states_let_calls_through_without_a_look(state):
    made = caller(state, until=T + 9 if state != "closed" else None)
    assert made.free
    assert made.decide(T) is None


def test_an_open_circuit_refuses_until_its_time_and_says_until_when():
    made = caller("open", retry_at=T + 60, reason="5 failures in a row")
    assert made.decide(T) == Refusal("5 failures in a row", T + 60)
    assert made.decide(T + 59.9) == Refusal("5 failures in a row", T + 60)
    assert isinstance(made.decide(T + 60), Ask)


def test_one_forced_open_refuses_and_is_tried_when_that_ends():
    made = caller("forced_open", until=T + 60, reason="they move house")
    assert made.decide(T) == Refusal("they move house", T + 60)
    assert isinstance(made.decide(T + 60), Ask)


def test_before_anything_is_known_no_call_goes_without_a_look():
    assert not Caller("payments", "w", 1).free


def test_what_is_too_old_is_looked_for_again():
    made = caller()
    made.look(T + 999, informed=False)
    assert not made.free
    assert not made.informed


# --- opening by itself ------------------------------------------------------------------------------------------------


def test_the_call_after_the_fifth_failure_in_a_row_is_refused():
    made = caller()
    assert fail(made) == [False] * 4 + [True]
    assert not made.free
    assert made.decide(T) == Refusal("5 failures in a row", T + 60)


def test_a_success_between_breaks_the_row():
    made = caller()
    for _ in range(9):
        fail(made, 4)
        made.succeeded(slow=False)
    assert made.free


@pytest.mark.parametrize("state", ["disabled", "metrics_only"])
def test_switched_off_or_observed_it_never_opens_here(state):
    made = caller(state, until=T + 600)
    assert not any(fail(made, 50))
    assert made.free
    assert fail(made, 1, T + 601) == [True]


def test_a_word_that_does_not_know_of_the_failures_ends_nothing():
    made = caller()
    fail(made)
    made.learn(Word("payments", number=9, heard=99), T + 1)
    assert isinstance(made.decide(T + 1), Refusal)


@pytest.mark.parametrize("state", ["closed", "disabled"])
def test_a_word_that_knows_of_the_failures_counts_whatever_it_says(state):
    made = caller()
    fail(made)
    made.learn(Word("payments", state, number=9, heard=100, until=T + 60), T + 1)
    assert made.decide(T + 1) is None


def test_an_opening_of_its_own_ends_with_its_time_where_nobody_can_be_told():
    made = caller(config=CircuitConfig(timeout_seconds=10))
    fail(made)
    assert isinstance(made.decide(T + 9.9), Refusal)
    assert made.decide(T + 10) is None
    assert fail(made, now=T + 10)[-1], "and it opens again after as many failures"


def test_failures_of_calls_that_were_under_way_open_nothing_later():
    made = caller(config=CircuitConfig(timeout_seconds=10))
    fail(made, 50)
    made.decide(T + 10)
    assert not any(fail(made, 4, T + 10))


# --- trials -----------------------------------------------------------------------------------------------------------


def test_one_call_at_a_time_asks_for_a_trial_and_the_others_are_refused():
    made = half_open()
    assert isinstance(made.decide(T), Ask)
    assert isinstance(made.decide(T), Refusal)


def test_a_question_without_an_answer_is_asked_again_under_its_id():
    made = half_open()
    first = made.decide(T)
    made.unanswered(T, pause=3)
    assert isinstance(made.decide(T + 2), Refusal)
    assert made.decide(T + 3) == first
    made.unanswered(T + 3, pause=3)
    assert made.decide(T + 29) == first
    made.unanswered(T + 29, pause=3)
    assert made.decide(T + 32).owner != first.owner, "whatever was granted then is over"


def test_whoever_is_cancelled_while_asking_leaves_the_question_to_the_next_one():
    made = half_open()
    first = made.decide(T)
    made.left()
    assert made.decide(T) == first


def test_every_trial_has_an_owner_of_its_own():
    made = half_open()
    owners = []
    for _ in range(3):
        owners.append(made.decide(T).owner)
        assert made.answered({"granted": True, "lease_id": "lease-1"}, T) == "lease-1"
    assert owners == ["w/1", "w/2", "w/3"]


def test_a_lease_that_came_too_late_is_not_used():
    made = half_open(probe_lease_seconds=2)
    made.decide(T)
    assert isinstance(made.answered({"granted": True, "lease_id": "lease-1"}, T + 2), Refusal)


def test_while_others_try_it_is_asked_about_once_a_second_and_then_less():
    made, asked = half_open(), []
    for step in range(30_000):
        now = T + step / 1_000
        if isinstance(made.decide(now), Ask):
            asked.append(now - T)
            made.answered({"granted": False, "reason": "busy"}, now)
    assert asked == [0, 1, 3, 7, 12, 17, 22, 27]


@pytest.mark.parametrize("state", ["closed", "disabled", "metrics_only"])
def test_an_entity_that_has_closed_meanwhile_is_believed_before_its_row_says_so(state):
    made = half_open()
    made.decide(T)
    assert made.answered({"granted": False, "reason": state}, T) == ""
    assert made.free
    made.learn(Word("payments", "half_open", number=2), T + 1)
    assert made.free, "the row is behind"
    made.learn(Word("payments", "open", number=3, retry_at=T + 60), T + 2)
    assert isinstance(made.decide(T + 2), Refusal)


def test_its_own_answer_is_believed_for_a_while_only():
    made = half_open()
    made.decide(T)
    made.answered({"granted": False, "reason": "closed"}, T)
    assert isinstance(made.decide(T + 4), Ask)


@pytest.mark.parametrize("answer", [None, 3, [], {}, {"granted": "yes"}, {"granted": False, "reason": 7}])
def test_rubbish_for_an_answer_is_a_refusal(answer):
    made = half_open()
    made.decide(T)
    assert isinstance(made.answered(answer, T), Refusal)


def test_a_trial_that_fails_opens_it_at_once_and_one_that_goes_well_does_not():
    made = half_open()
    made.trial_ended("lease-1", True, False, "", T)
    assert isinstance(made.decide(T), Ask)
    made.trial_ended("lease-2", False, False, "503", T)
    assert made.decide(T) == Refusal("a trial failed", T + 60)
    assert [(report.lease_id, report.ok, report.failed) for report in made.outbox.ready] == [
        ("lease-1", 1, 0),
        ("lease-2", 0, 1),
    ]


def test_a_trial_that_fails_after_the_others_have_closed_it_opens_nothing_here():
    made = half_open()
    made.learn(Word("payments", number=3), T)
    made.trial_ended("lease-1", False, False, "503", T)
    assert made.free


# --- any order of events, with a real machine at the other end --------------------------------------------------------

steps = st.one_of(
    st.tuples(st.just("call"), st.sampled_from([True, False, False]), st.booleans()),
    st.tuples(st.just("send"), st.sampled_from(["arrives", "is lost", "arrives and nobody says so"])),
    st.tuples(st.just("poll")),
    st.tuples(st.just("order"), st.sampled_from(["forced_open", "disabled", "metrics_only", "closed"])),
    st.tuples(st.just("other fails"), st.integers(1, 7)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 6.0, 31.0, 61.0])),
)


class Model:
    """What must hold, kept apart from how the caller does it: known is what was polled, and what happened since."""

    def __init__(self):
        self.now = T
        self.machine = Circuit(CircuitState())
        self.machine.tick(T)
        self.caller = caller()
        self.seen = Word("payments")
        self.in_a_row = 0
        self.made = {"ok": 0, "failed": 0, "refused": 0}

    def do(self, step):
        match step:
            case ("call", well, heard):
                self.call(well, heard)
            case ("send", wire):
                self.send(wire)
            case ("poll",):
                self.poll()
            case ("order", target):
                self.machine.override(target, 20, ORDER, self.now)
            case ("other fails", number):
                self.machine.record(Report(failed=number, caller="v"), self.now)
            case ("wait", seconds):
                self.now += seconds
                self.machine.tick(self.now)

    def poll(self):
        state = self.machine.state
        seen = state.callers.get("w")
        until = state.override.until if state.override else None
        if state.state == "closed" and self.seen.state != "closed":
            self.in_a_row = 0
        self.seen = Word(
            "payments",
            state.state,
            state.retry_at,
            until,
            "why",
            state.config,
            state.events_ever,
            seen.seq if seen else 0,
        )
        self.caller.learn(self.seen, self.now)

    def send(self, wire):
        outbox = self.caller.outbox
        outbox.seal_if_none_waits()
        while outbox.ready:
            report = outbox.ready[0]
            if wire != "is lost":
                self.machine.record(report, self.now)
            if wire != "arrives":
                return
            outbox.arrived(report.seq)

    def call(self, well, heard):
        """``heard``: whether the answer about a trial comes back, if one is asked for."""
        made, now = self.caller, self.now
        own = made.opening is not None and now < made.opening.until
        found = made.decide(now)
        if isinstance(found, Ask):
            assert not own, "a circuit that was opened here asks for nothing before its time"
            found = self.ask(found, heard)
        if isinstance(found, Refusal):
            self.made["refused"] += 1
            made.outbox.refused += 1
            return
        if found is None:
            assert not own, "a circuit that was opened here let a call through before its time"
            self.lets_through(now)
        self.ends(found or "", well)

    def lets_through(self, now):
        """No call without a trial while the last word is a refusal, unless the entity itself has said otherwise."""
        word = self.seen
        ended = word.until is not None and word.until <= now and word.state in ("disabled", "metrics_only")
        told = self.caller._told is not None and now < self.caller._told.until
        assert word.state in ("closed", "disabled", "metrics_only") or ended or told

    def ask(self, ask, heard):
        grant = self.machine.acquire(ask.owner, self.now)
        if not heard:
            return self.caller.unanswered(self.now, pause=3)
        return self.caller.answered(
            {"granted": grant.granted, "lease_id": grant.lease_id, "reason": grant.reason}, self.now
        )

    def ends(self, lease, well):
        made, now = self.caller, self.now
        self.made["ok" if well else "failed"] += 1
        if lease:
            made.trial_ended(lease, well, False, "", now)
        elif well:
            made.succeeded(False)
        else:
            made.failed(False, "503", now)
        state = made.state(now)[0]
        row = 0 if well or lease else self.in_a_row + 1
        if row >= 5 and state not in ("disabled", "metrics_only"):
            assert isinstance(made.decide(now), Refusal | Ask), "five failures in a row, and the next call may go"
        self.in_a_row = row if state == "closed" or state in ("disabled", "metrics_only") else 0


@settings(max_examples=400, deadline=None, database=None)
@given(st.lists(steps, max_size=80))
def test_whatever_comes_counts_arrive_once_and_no_open_circuit_lets_a_call_through(sequence):
    model = Model()
    for step in sequence:
        model.do(step)
    for _ in range(3):
        model.send("arrives")
    totals, others = model.machine.state.totals, sum(step[1] for step in sequence if step[0] == "other fails")
    assert {"ok": totals.ok, "failed": totals.failed - others, "refused": totals.refused} == model.made
    ends_closed(model)


def ends_closed(model):
    """With a service that works, and a wire that does, every caller calls again in the end."""
    for _ in range(12):
        model.now += 31
        model.machine.tick(model.now)
        model.poll()
        for _ in range(3):
            model.call(True, True)
            model.send("arrives")
            model.poll()
    assert model.machine.state.state == "closed"
    assert model.caller.free
