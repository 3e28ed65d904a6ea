"""The circuit breaker's rules, each as a sentence; then any order of events, against a plain model."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.circuit_contract import STATE
from worker.resilience.circuit import Circuit, Order
from worker.resilience.circuit_state import CircuitConfig, CircuitState
from worker.resilience.report import Report

T = 1_700_000_000.0
ORDER = Order("olga", "they move house")


def circuit(**config):
    made = Circuit(CircuitState(config=CircuitConfig(**config)))
    made.tick(T)
    return made


def failing(number=5, at=T, **config):
    made = circuit(**config)
    made.record(Report(failed=number, sample="503", caller="w"), at)
    return made


def half_open(**config):
    made = failing(**config)
    made.tick(T + 60)
    assert made.state.state == "half_open"
    return made


def states(made):
    return [(event.source, event.target, event.cause) for event in made.news]


# --- opening ----------------------------------------------------------------------------------------------------------


def test_it_opens_at_the_fifth_failure_in_a_row_and_says_why():
    made = circuit()
    made.record(Report(failed=4, caller="w"), T)
    assert made.state.state == "closed"
    made.record(Report(failed=1, sample="503", caller="v"), T + 1)
    assert (made.state.state, made.state.opened_at, made.state.retry_at) == ("open", T + 1, T + 61)
    event = made.news[-1]
    assert (event.reason, event.sample, event.caller) == ("5 failures in a row", "503", "v")


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (Report(ok=1, failed=4), "closed"),  # the successes come first: four in a row
        (Report(ok=1, failed=5), "open"),
        (Report(ok=1, failed=5, trailing_failures=2, longest_run=3), "closed"),
        (Report(ok=1, failed=5, trailing_failures=0, longest_run=5), "open"),
        (Report(ok=9, failed=6, trailing_failures=6, longest_run=6), "open"),
    ],
)
def test_failures_in_a_row_are_counted_within_an_aggregate_too(report, state):
    made = circuit()
    made.record(report, T)
    assert made.state.state == state


def test_a_success_between_two_aggregates_breaks_the_row():
    made = circuit()
    for _ in range(10):
        made.record(Report(failed=4), T)
        made.record(Report(ok=1), T)
    assert made.state.state == "closed"


def test_a_share_of_failures_opens_it_where_there_are_calls_enough():
    made = circuit(failure_threshold=1_000, failure_rate=0.5, minimum_calls=20)
    made.record(Report(ok=5, failed=10, longest_run=1, trailing_failures=0), T)
    assert made.state.state == "closed"
    made.record(Report(ok=5), T + 1)
    assert made.news[-1].reason == "50% of 20 calls in 60 s failed"


def test_what_is_older_than_the_window_does_not_count():
    made = circuit(failure_threshold=1_000, failure_rate=0.5, minimum_calls=20)
    made.record(Report(ok=1, failed=14, longest_run=1, trailing_failures=0), T)
    made.record(Report(ok=10), T + 70)
    assert made.state.state == "closed"


def test_slow_calls_open_it_where_that_is_set():
    made = circuit(slow_rate=0.5, slow_seconds=2.0, minimum_calls=10)
    made.record(Report(ok=10, slow=5), T)
    assert (made.state.state, made.news[-1].cause) == ("open", "slow_rate")


# --- half open --------------------------------------------------------------------------------------------------------


def test_open_it_lends_no_trial_before_its_time():
    made = failing()
    assert made.acquire("a", T + 59.9).reason == "open"
    assert made.acquire("a", T + 60).granted


def test_half_open_it_lends_as_many_trials_as_it_needs_and_no_more():
    made = half_open()
    assert [made.acquire(owner, T + 60).granted for owner in "abc"] == [True, True, False]
    assert made.acquire("c", T + 60).reason == "busy"


def test_asking_again_while_the_lease_lives_gives_the_same_lease():
    made = half_open()
    assert made.acquire("a", T + 60) == made.acquire("a", T + 70)


def test_a_trial_that_never_comes_back_gives_its_place_to_another():
    made = half_open()
    first = [made.acquire(owner, T + 60) for owner in "ab"]
    assert not made.acquire("c", T + 89).granted
    assert made.acquire("c", T + 90).lease_id not in {grant.lease_id for grant in first}


def test_it_closes_when_all_trials_went_well():
    made = half_open()
    for owner in "ab":
        made.record(Report(ok=1, lease_id=made.acquire(owner, T + 60).lease_id), T + 61)
    assert states(made)[-1] == ("half_open", "closed", "probes_ok")


def test_the_first_trial_that_fails_opens_it_again_for_its_whole_time():
    made = half_open()
    made.record(Report(ok=1, lease_id=made.acquire("a", T + 60).lease_id), T + 61)
    made.record(Report(failed=1, lease_id=made.acquire("b", T + 62).lease_id), T + 63)
    assert (made.state.state, made.state.opened_at, made.state.retry_at) == ("open", T, T + 123)


def test_trials_that_went_well_before_one_failed_do_not_count_the_next_time():
    made = half_open()
    made.record(Report(ok=1, lease_id=made.acquire("a", T + 60).lease_id), T + 61)
    made.record(Report(failed=1, lease_id=made.acquire("b", T + 61).lease_id), T + 61)
    made.record(Report(ok=1, lease_id=made.acquire("c", T + 121).lease_id), T + 122)
    assert made.state.state == "half_open"


@pytest.mark.parametrize("lease", ["lease-999", "rubbish", "late"])
def test_a_lease_that_is_over_or_foreign_settles_nothing_but_its_call_counts(lease):
    made = half_open()
    granted = made.acquire("a", T + 60).lease_id
    made.record(Report(failed=1, lease_id=granted if lease == "late" else lease), T + 100)
    assert made.state.state == "half_open"
    assert made.state.totals.failed == 6


def test_calls_that_were_under_way_settle_no_trial():
    made = half_open()
    made.acquire("a", T + 60)
    made.record(Report(ok=50, failed=50), T + 61)
    assert (made.state.state, made.state.successes) == ("half_open", 0)


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_override_ends_by_itself_and_a_forced_one_is_tried_before_it_is_trusted():
    made = circuit()
    made.override("forced_open", 600, ORDER, T)
    assert made.acquire("a", T + 599).reason == "forced_open"
    assert made.acquire("a", T + 600).granted
    assert states(made)[-1] == ("forced_open", "half_open", "expired")


@pytest.mark.parametrize("target", ["disabled", "metrics_only"])
def test_switched_off_or_observed_it_lets_calls_through_and_ends_closed(target):
    made = circuit()
    made.override(target, 600, ORDER, T)
    made.record(Report(failed=50), T + 1)
    assert made.state.state == target
    assert bool(made.state.would_open_at) == (target == "metrics_only")
    made.tick(T + 600)
    assert (made.state.state, made.state.failure_count) == ("closed", 0)


def test_a_reset_forgets_what_led_to_it():
    made = failing()
    made.reset(ORDER, T + 1)
    made.record(Report(failed=4), T + 2)
    assert made.state.state == "closed"


def test_the_same_order_twice_counts_once():
    made = circuit()
    order = Order("olga", "why", id="click-1")
    assert made.override("forced_open", 600, order, T)
    made.override("closed", 0, Order("olga", "mistake"), T + 1)
    assert not made.override("forced_open", 600, order, T + 2)
    assert made.state.state == "closed"


def test_of_two_operators_at_once_the_second_is_told_to_look_again():
    made = circuit()
    assert made.override("forced_open", 600, Order("olga", "why", "1", shown=0), T)
    assert not made.reset(Order("otto", "why", "2", shown=0), T + 1)
    assert (made.state.state, made.news[-1].kind, made.news[-1].actor) == ("forced_open", "refused", "otto")


def test_new_settings_change_no_state_and_settings_for_a_time_end():
    made = failing()
    made.configure(CircuitConfig(timeout_seconds=10), T + 1, version=2, order=ORDER)
    assert (made.state.state, made.state.retry_at) == ("open", T + 10)
    made.configure(CircuitConfig(failure_threshold=50), T + 2, seconds=100, order=ORDER)
    made.tick(T + 103)
    assert (made.state.config.failure_threshold, made.state.config.timeout_seconds) == (5, 10)
    assert not made.configure(CircuitConfig(failure_threshold=9), T + 104, version=2, order=ORDER)


# --- counting ---------------------------------------------------------------------------------------------------------


def test_a_resend_is_counted_once():
    made = circuit()
    assert [made.record(Report(ok=7, caller="w", seq=seq), T) for seq in (1, 1, 2, 1)] == [True, False, True, False]
    assert made.state.totals.ok == 14


def test_a_clock_that_goes_back_changes_nothing():
    made = failing()
    made.tick(T + 60)
    made.tick(T - 1_000)
    assert made.state.state == "half_open"


def test_what_is_ordered_while_the_clock_is_back_lasts_from_the_latest_time_on():
    made = circuit()
    made.tick(T + 100)
    made.override("disabled", 600, ORDER, T)
    assert made.state.override.until == T + 700


# --- any order of events ----------------------------------------------------------------------------------------------

steps = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 7), st.integers(0, 7), st.sampled_from("wv"), st.integers(0, 30)),
    st.tuples(st.just("probe"), st.sampled_from("abcd")),
    st.tuples(st.just("settle"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("override"), st.sampled_from(["forced_open", "disabled", "metrics_only", "closed"])),
    st.tuples(st.just("reset")),
    st.tuples(st.just("configure"), st.integers(1, 9), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([-50.0, 0.0, 1.0, 29.0, 31.0, 61.0, 700.0])),
)


class Model:
    """What must hold whatever comes, kept apart from how the machine does it."""

    def __init__(self):
        self.machine = circuit()
        self.now, self.latest = T, T
        self.seqs, self.ok, self.failed = {}, 0, 0
        self.leases = []
        self.most = 0
        """Trials that may be out at once: settings that allow fewer call none back."""

    def do(self, step):
        machine, now = self.machine, self.now
        before, retry_at = machine.state.state, machine.state.retry_at
        match step:
            case ("record", ok, failed, caller, seq):
                if not (seq and seq <= self.seqs.get(caller, 0)):
                    self.ok, self.failed = self.ok + ok, self.failed + failed
                    self.seqs[caller] = max(seq, self.seqs.get(caller, 0))
                machine.record(Report(ok=ok, failed=failed, caller=caller, seq=seq), now)
            case ("probe", owner):
                grant = machine.acquire(owner, now)
                self.most = max(self.most, machine.state.config.half_open_attempts)
                if grant.granted:
                    assert before != "open" or (retry_at is not None and self.latest >= retry_at)
                    assert before not in ("closed", "disabled", "metrics_only")
                    again = grant.lease_id in self.leases
                    assert again or len(machine.state.probes) <= machine.state.config.half_open_attempts
                    self.leases.append(grant.lease_id)
            case ("settle", which, well) if self.leases:
                lease = self.leases[which % len(self.leases)]
                self.ok, self.failed = self.ok + well, self.failed + (not well)
                machine.record(Report(ok=int(well), failed=int(not well), lease_id=lease), now)
            case ("override", target):
                machine.override(target, 600, ORDER, now)
            case ("reset",):
                machine.reset(ORDER, now)
            case ("configure", threshold, trials):
                machine.configure(
                    CircuitConfig(failure_threshold=threshold, half_open_attempts=trials), now, order=ORDER
                )
            case ("wait", seconds):
                self.now += seconds
                self.latest = max(self.latest, self.now)
                machine.tick(self.now)
        self.check()

    def check(self):
        state = self.machine.state
        self.most = self.most if state.probes else 0
        assert len(state.probes) <= self.most
        assert not state.probes or state.state == "half_open"
        assert (state.override is not None) == (state.state in ("forced_open", "disabled", "metrics_only"))
        assert (state.totals.ok, state.totals.failed) == (self.ok, self.failed)
        assert (state.retry_at is not None) == (state.state == "open")


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(steps, max_size=60))
def test_whatever_comes_the_rules_hold_and_it_never_stays_half_open(sequence):
    model = Model()
    for step in sequence:
        model.do(step)
    kept = STATE.dump(model.machine.state)
    assert STATE.load(json.loads(json.dumps(kept))) == model.machine.state
    assert len(json.dumps(kept)) < 64_000
    ends_closed(Circuit(STATE.load(kept)), model.latest)


def ends_closed(machine, now):
    """With callers who ask and are served well, it is closed after its override, its open time and one lease."""
    now = max(now, machine.state.clock) + 600 + 60 + 30
    machine.tick(now)
    for turn in range(10):
        grant = machine.acquire(f"new-{turn}", now)
        if grant.granted:
            machine.record(Report(ok=1, lease_id=grant.lease_id), now)
    assert machine.state.state == "closed"


def test_its_state_stays_small_through_months():
    made = circuit()
    for day in range(120):
        for caller in range(10):
            report = Report(ok=5, failed=6, sample="x" * 500, caller=f"{day}-{caller}", seq=1)
            made.record(replace(report, fallback={"rules": 3}), T + day * 86_400 + caller)
        made.news.clear()
    assert len(json.dumps(STATE.dump(made.state))) < 64_000


def test_the_first_versions_json_is_read():
    first = {"kind": "circuit", "version": 1, "state": {"state": "open", "since": T, "retry_at": T + 60, "leases": 3}}
    read = STATE.load(first)
    assert (read.state, read.retry_at, read.leases, read.config) == ("open", T + 60, 3, CircuitConfig())
