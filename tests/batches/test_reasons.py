"""The sentences, where it takes no worker to bring the case about: what changes all the time, what is not known."""

import re

import pytest

from batches.evidence import Evidence, Work
from batches.evidence import work_of as works
from batches.why import why
from worker.batch_telling import NOTHING
from worker.client import Pending

T = 1_700_000_000.0
KNOWN = Evidence(Work(taken=3), 2)
SECOND = {"kind": "token_bucket", "limit": 450, "per_seconds": 1.0, "burst": None}
DAY = {"kind": "sliding_window", "limit": 1_000_000, "per_seconds": 86_400.0, "burst": None}


def progress(cause="", since=T - 60, spent=None, **more):
    waits = {"cause": cause, "since": since, **more.pop("waits", {})}
    usual = {"state": "running", "max_parallel": 10, "chunks_in_flight": 3, "pace": [], "service": "", "work": None}
    return {**NOTHING, **usual, "waits": waits, "spent": spent or {}, **more}


def said(*args, known=KNOWN, **more):
    found = why(progress(*args, **more), known, T)
    return re.sub(r"<[^>]*>", "", found.sentence) if found else None


def test_what_changes_all_the_time_is_what_took_most_of_the_last_minute():
    flapping = {"cause": "parallel", "since": T - 0.1, "pace": [DAY, SECOND]}
    sentence = said(**flapping, spent={"pace": 0.8, "parallel": 0.2})
    assert sentence == "its pace binds: 1,000,000 in 86,400 s; not the workers: 3 of its 10 places are in use."
    assert said(**flapping, spent={"pace": 0.2, "parallel": 0.8}).startswith("all its 10 places are taken")
    assert said(**{**flapping, "pace": []}, spent={"pace": 0.8, "parallel": 0.2}).startswith("all its 10 places")


def test_a_pace_that_was_lifted_does_not_bind_though_it_took_most_of_the_minute():
    sentence = said("parallel", since=T - 5, pace=[SECOND], spent={"pace": 0.9, "parallel": 0.1})
    assert sentence.startswith("all its 10 places are taken")


def test_with_all_places_in_use_the_workers_are_not_cleared_of_it():
    assert (
        said("pace", waits={"limit": 450, "per_seconds": 1.0}, chunks_in_flight=10) == "its pace binds: 450 a second."
    )


def test_how_the_last_minute_was_spent_is_said_where_it_was_not_all_the_same():
    waits = {"limit": 450, "per_seconds": 1.0}
    found = why(progress("pace", waits=waits, spent={"parallel": 0.25, "pace": 0.75, "odd": 0.1}), KNOWN, T)
    assert found.shares == "its pace 75 %, all places taken 25 %"
    assert "450 a second" in found.sentence
    assert why(progress("pace", waits=waits, spent={"pace": 1.0}), KNOWN, T).shares == ""


def test_a_limit_of_the_queue_is_said_before_the_workers_are_blamed():
    work = Work(waiting=3, since=T - 9)
    held = said("parallel", known=Evidence(work, 2, 0.5))
    assert held == (
        "3 pieces of its work wait, for 9 s, though places are free: the limit of the queue is 0.5 chunks a second for "
        "all batches."
    )
    assert "the limit of the queue is 0, so no worker is handed any" in said("parallel", known=Evidence(work, 2, 0.0))
    assert "none of the 2 workers has a place free" in said("parallel", known=Evidence(work, 2, None))


def test_where_temporal_did_not_say_nothing_is_said_of_workers():
    assert said("pace", waits={"limit": 450, "per_seconds": 1.0}, known=Evidence()) == "its pace binds: 450 a second."
    busy = {"items": 9, "item_seconds": 0.8, "reading": 0.0, "standing": 0.0}
    assert (
        said("parallel", work=busy, known=Evidence()) == "all its 10 places are taken, and busy: an item takes 0.8 s."
    )


@pytest.mark.parametrize("waits", [{}, {"cause": ""}, {"cause": "of a newer version"}])
def test_what_is_not_known_is_said_to_be_unknown(waits):
    assert said(cause="", waits=waits) == "what holds it up is not known."


def test_a_row_of_before_there_was_any_evidence_is_unknown_too():
    old = {**NOTHING, "state": "running"}
    assert str(why(old, Evidence(), T).sentence) == "what holds it up is not known."


def test_a_worker_that_is_a_moment_late_is_no_cause():
    assert said("last", known=Evidence(Work(waiting=1, since=T - 2), 1)).startswith("nothing is left")
    assert said("last", known=Evidence(Work(waiting=1, since=T - 4), 1)).startswith("1 piece of its work waits")


def test_what_is_no_work_of_the_batch_and_what_goes_well_again_is_no_reason():
    found = works([
        Pending("record_batch", "waiting", T - 99),
        Pending("run_chunk", "waiting", T - 40),
        Pending("run_chunk", "taken", T - 3, failure="it hung"),
        Pending("run_chunk", "resting", T, failure="it is not known here"),
    ])  # fmt: skip
    assert found == Work(waiting=1, since=T - 40, taken=1, failing=1, failure="it is not known here")


def test_work_that_lost_its_worker_is_no_worker_that_cannot_do_it():
    lost = Pending("run_chunk", "resting", T, failure="activity Heartbeat timeout", lost=True)
    found = works([lost, lost])
    assert (found.failing, found.lost) == (0, 2)
    assert said("parallel", known=Evidence(found)) == (
        "2 pieces of its work lost their worker, and are begun again in a moment."
    )
    others = works([lost, Pending("run_chunk", "taken", T - 3)])
    assert said("parallel", known=Evidence(others)).startswith("all its 10 places are taken")


def test_before_its_items_are_counted_only_a_missing_worker_is_a_reason():
    assert said("", state="preparing") is None
    assert "no worker has taken work for 40 s" in said("", state="preparing", known=Evidence(Work(1, T - 40), 0))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0004, "less than 1 ms"), (0.012, "12 ms"), (0.8, "0.8 s"), (90.0, "2 min")]
)
def test_how_long_an_item_takes(seconds, words):
    busy = {"items": 9, "item_seconds": seconds, "reading": 0.1, "standing": 0.0}
    assert f"an item takes {words}." in said("parallel", work=busy)
