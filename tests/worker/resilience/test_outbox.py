"""What a caller has counted arrives once, in order, however the wire behaves; and little of it is kept meanwhile."""

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.circuit_contract import read_report
from worker.resilience.circuit import Circuit
from worker.resilience.circuit_state import CircuitConfig, CircuitState
from worker.resilience.outbox import MOST_RUNGS, Outbox

T = 1_700_000_000.0

events = st.one_of(
    st.just(("ok",)),
    st.just(("failed",)),
    st.just(("refused",)),
    st.tuples(st.just("served"), st.sampled_from(["rules", "popular"])),
    st.tuples(st.just("trial"), st.sampled_from([True, False, None])),
    st.tuples(st.just("send"), st.sampled_from(["arrives", "is lost", "arrives and nobody says so"])),
)


def entity() -> Circuit:
    return Circuit(CircuitState(config=CircuitConfig(failure_threshold=1_000)))


def send(outbox: Outbox, machine: Circuit, wire: str) -> None:
    """As the reporter does: what waits goes in order, and nothing overtakes what is not known to have arrived."""
    outbox.seal_if_none_waits()
    while outbox.ready:
        report = outbox.ready[0]
        if wire != "is lost":
            machine.record(report, T)
        if wire != "arrives":
            return
        outbox.arrived(report.seq)


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(events, max_size=60))
def test_whatever_the_wire_does_everything_counts_once(sequence):
    outbox, machine = Outbox("w", 7), entity()
    made = {"ok": 0, "failed": 0, "refused": 0, "rules": 0, "popular": 0}
    trials = 0
    for event in sequence:
        match event:
            case ("ok",):
                outbox.succeeded(slow=False)
                made["ok"] += 1
            case ("failed",):
                outbox.failed(slow=False, sample="503")
                made["failed"] += 1
            case ("refused",):
                outbox.refused += 1
                made["refused"] += 1
            case ("served", rung):
                outbox.served(rung)
                made[rung] += 1
            case ("trial", ok):
                outbox.trial("lease-1", ok, False, "")
                trials += 1
                made["ok"] += ok is True
                made["failed"] += ok is False
            case ("send", wire):
                send(outbox, machine, wire)
        numbers = [report.seq for report in outbox.ready]
        assert numbers == sorted(set(numbers))
        assert len(numbers) <= 1 + 2 * trials
    send(outbox, machine, "arrives")
    send(outbox, machine, "arrives")
    totals = machine.state.totals
    assert outbox.empty
    assert {"ok": totals.ok, "failed": totals.failed, "refused": totals.refused} | {
        rung: totals.fallback.get(rung, 0) for rung in ("rules", "popular")
    } == made


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_rows_of_failures_are_those_of_its_calls(well):
    outbox = Outbox("w", 1)
    for ok in well:
        if ok:
            outbox.succeeded(slow=False)
        else:
            outbox.failed(slow=False, sample="503")
    outbox.seal()
    rows = "".join("." if ok else "x" for ok in well).split(".")
    report = outbox.ready[0]
    assert (report.trailing_failures, report.longest_run) == (len(rows[-1]), max(map(len, rows)))


def test_what_waits_stays_as_it_is_while_the_next_one_gathers():
    outbox = Outbox("w", 1)
    outbox.succeeded(slow=False)
    outbox.seal_if_none_waits()
    for _ in range(5):
        outbox.failed(slow=True, sample="503")
        outbox.seal_if_none_waits()
    assert [(report.seq, report.ok, report.failed) for report in outbox.ready] == [(1, 1, 0)]
    outbox.arrived(1)
    outbox.seal_if_none_waits()
    assert [(report.seq, report.failed, report.slow) for report in outbox.ready] == [(2, 5, 5)]


def test_more_rungs_than_an_entity_keeps_apart_are_counted_together():
    outbox = Outbox("w", 1)
    for number in range(100):
        outbox.served(f"rung-{number}")
    outbox.seal()
    report, errors = read_report({"fallback": outbox.ready[0].fallback})
    assert not errors
    assert len(report.fallback) == MOST_RUNGS
    assert report.fallback["others"] == 100 - (MOST_RUNGS - 1)


def test_nothing_counted_is_nothing_sent():
    outbox = Outbox("w", 1)
    outbox.seal()
    assert outbox.empty


def test_only_what_was_sent_last_is_known_to_have_arrived():
    outbox = Outbox("w", 1)
    outbox.succeeded(slow=False)
    outbox.seal()
    outbox.arrived(2)
    assert [report.seq for report in outbox.ready] == [1]


def test_what_was_gathered_before_a_trial_ends_goes_before_it():
    outbox = Outbox("w", 1)
    outbox.failed(slow=False, sample="503")
    assert outbox.trial("lease-1", True, False, "") == 2
    assert [(report.seq, report.lease_id) for report in outbox.ready] == [(1, ""), (2, "lease-1")]
