"""How far a batch is: a bar on a terminal, lines elsewhere; how it has ended is the exit code."""

import os
import signal
import threading

import pytest

from batches.models import Batch
from tests.batches.pages.conftest import written
from tests.batches.terminal.conftest import ended
from tests.circuits.conftest import NOBODY
from tests.temporal import until

KEYS = {
    "reference", "uuid", "workflow_id", "title", "job", "requester", "state", "ended", "total", "succeeded", "degraded",
    "failed", "held", "running", "pending", "rate", "left_seconds", "max_parallel", "pace", "why", "reason", "errors",
    "approval", "live", "silent", "as_of", "created_at", "begun_at", "closed_at",
}  # fmt: skip


def test_it_is_found_by_reference_uuid_and_workflow_id(db, batch):
    row = written(succeeded=3, state="completed")
    for name in (row.reference, row.reference.lower(), row.uuid, row.workflow_id):
        ran = batch("show", name, "--json")
        assert (ran.code, set(ran.json), ran.json["uuid"]) == (0, KEYS, str(row.uuid))


@pytest.mark.parametrize(
    "name", ["B-99999", "B-", "99999999999999999999", "5d1f8b0c-6a57-4f0e-9a9e-1c2f3a4b5c6d", "no such", "B-٣"]
)
def test_what_is_not_there_is_5(db, batch, name):
    ran = batch("show", name)
    assert (ran.code, ran.out) == (5, "")
    assert f"There is no batch {name}." in ran.err


@pytest.mark.parametrize(
    ("state", "failed", "strict", "code"),
    [
        ("completed", 0, False, 0),
        ("completed", 1, False, 0),
        ("completed", 1, True, 6),
        ("completed", 0, True, 0),
        ("failed", 9, True, 2),
        ("invalid", 0, False, 2),
        ("cancelled", 1, True, 3),
        ("terminated", 0, False, 3),
        ("declined", 0, False, 3),
    ],
)
def test_how_it_has_ended_is_the_exit_code(db, batch, state, failed, strict, code):
    row = written(state=state, succeeded=5, failed=failed)
    for how in ([], ["--watch"]):
        assert batch("show", row.reference, *how, *(["--strict"] if strict else [])).code == code


def test_a_batch_under_way_says_all_of_it(steered, batch, alive):
    row = steered.begin(max_parallel=2)
    ran = batch("show", row.reference)
    assert ran.code == 0
    assert "Orders" in ran.out
    assert "35 items: 1 succeeded" in ran.out
    said = batch("show", row.reference, "--json").json
    assert (said["state"], said["live"], said["succeeded"], said["max_parallel"]) == ("running", True, 1, 2)
    why = until(lambda: batch("show", row.reference, "--json").json["why"])
    assert set(why) == {"cause", "sentence"}
    assert "<" not in why["sentence"]


def test_on_a_terminal_a_bar_is_drawn_over_itself_and_wiped(steered, batch, alive):
    row = steered.begin()
    ran = batch("show", row.reference, "--watch", "--timeout", 1.2, terminal=True)
    assert ran.code == 4
    bar = f"\r\x1b[K{row.reference} {'░' * 20} 2.9 %"
    assert ran.err.count(bar) >= 2
    assert "\r\x1b[K" in ran.err.rpartition(bar)[2]
    assert f"{row.reference} has not ended within 1.2 s. It goes on." in ran.err
    assert steered.told()["state"] == "running"


def test_elsewhere_it_is_lines_and_with_json_nothing(steered, batch, alive):
    row = steered.begin()
    ran = batch("show", row.reference, "--watch", "--timeout", 1)
    assert ran.code == 4
    assert ran.err.startswith(f"{row.reference}  Running: 2.9 % done")
    assert "\r" not in ran.err
    assert "\x1b" not in ran.err
    silent = batch("show", row.reference, "--watch", "--timeout", 1, "--json", terminal=True)
    assert (silent.code, silent.json["exit"], silent.json["batch"]["succeeded"]) == (4, 4, 1)
    assert "░" not in silent.err


def test_followed_to_its_end(batches, told, batch, alive):
    told.open.clear()
    running = batches.start([{"n": n} for n in range(20)])
    running.becomes("running")
    threading.Thread(target=lambda: (until(lambda: "Running" in batch.err.getvalue()), told.open.set())).start()
    ran = batch("show", running.handle.id, "--watch")
    assert ran.code == 0
    assert "Running: 0 % done" in ran.err
    assert "Completed: 100 % done" in ran.out


def test_interrupted_the_batch_goes_on_and_that_is_said(steered, batch, alive):
    row = steered.begin()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it

    def interrupt():
        until(lambda: row.reference in batch.err.getvalue())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    ran = batch("show", row.reference, "--watch", "--timeout", 60, terminal=True)
    assert ran.code == 4
    assert f"{row.reference} goes on. To look again: manage.py batch show {row.reference} --watch" in ran.err
    assert steered.told()["state"] == "running"
    assert not Batch.objects.get().orders.exists()


def test_without_temporal_what_was_known_last_is_shown_as_that(steered, batch, via):
    row = steered.begin()
    via(NOBODY)
    ran = batch("show", row.reference)
    assert ran.code == 4
    assert "this is what was known last." in ran.out
    assert batch("show", row.reference, "--json").json["live"] is False
    assert batch("list").code == 4
    assert batch("show", row.reference, "--watch", "--timeout", 0.1, "--json").json["batch"]["state"] == "running"


def test_a_narrow_terminal_is_not_overrun(steered, batch, monkeypatch, alive):
    monkeypatch.setenv("COLUMNS", "40")
    row = steered.begin()
    ran = batch("show", row.reference, "--watch", "--timeout", 0.6, terminal=True)
    drawn = [line for line in ran.err.split("\r\x1b[K") if line.startswith(row.reference)]
    assert drawn
    assert all(len(line) <= 39 for line in drawn if "has not ended" not in line)


def test_one_item_is_found(batches, batch):
    running = batches.start([{"n": n, "word": "never" if n == 1 else ""} for n in range(4)], tolerated_failure_rate=0.9)
    running.result()
    row = ended(running.row)
    assert batch("show", row.reference, "--item", "1", "--json").json["outcome"] == "succeeded"
    said = batch("show", row.reference, "--item", "2")
    assert "outcome: failed" in said.out
    assert "there is no such order" in said.out
    assert batch("show", row.reference, "--item", "77").code == 5


def test_the_list_has_those_under_way_first_and_all_of_many(db, batch):
    rows = [written(f"March {n}", "completed", succeeded=2) for n in range(30)]
    failed = written("April", "failed", failed=1)
    ran = batch("list")
    assert (ran.code, len(ran.out.splitlines())) == (0, 25)
    assert ran.out.startswith(failed.reference)
    said = batch("list", "--most", 100, "--json").json
    assert [one["reference"] for one in said] == [row.reference for row in [failed, *reversed(rows)]]
    assert [one["title"] for one in batch("list", "--search", "april", "--json").json] == ["April"]
    assert [one["title"] for one in batch("list", "--view", "needs", "--json").json] == ["April"]
    assert batch("list", "--search", "nothing").err.strip() == "There is no such batch."
