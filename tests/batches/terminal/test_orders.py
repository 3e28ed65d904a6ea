"""Orders from a terminal go through the site's service: once, as a program's claim; their answer is the exit code."""

import pytest

from audit.models import Entry
from batches.management.commands.batch import Command
from batches.models import Batch, Failure, Order
from tests.batches.pages.conftest import written
from tests.circuits.conftest import NOBODY
from tests.temporal import until

WHY = ("--reason", "They move house", "--as", "olga")


def test_it_is_paused_retuned_resumed_and_cancelled(steered, batch, olga):
    name = steered.begin().reference
    ran = batch("pause", name, *WHY)
    assert (ran.code, ran.out) == (0, f"{name} pauses: what runs ends and counts, nothing new is begun.\n")
    assert steered.told()["state"] == "paused"
    assert batch("limits", name, "--max-parallel", 3, "--pace", "20/60", "--pace", "sliding:7/1", *WHY).code == 0
    told = steered.told()
    assert (told["max_parallel"], [(each["kind"], each["limit"]) for each in told["pace"]]) == (
        3,
        [("token_bucket", 20), ("sliding_window", 7)],
    )
    assert batch("limits", name, "--pace", "1/3600", *WHY).code == 0
    assert batch("resume", name, "--as", "olga").code == 0
    assert batch("cancel", name, *WHY).code == 0
    steered.batch.result()
    assert steered.batch.result()["status"] == "cancelled"
    until(lambda: batch("show", name).code == 3)


def test_the_ledger_and_the_history_say_that_nobody_had_signed_in(steered, batch, olga):
    row = steered.begin()
    assert batch("pause", row.reference, *WHY).code == 0
    assert Order.objects.get().known == "program"
    event = row.events.get(kind="paused")
    assert (event.actor, event.known, event.reason) == ("olga", "program", "They move house")
    entry = Entry.objects.get(kind="batch.paused")
    assert (entry.actor, entry.known, entry.data["through"]) == ("olga", "program", "manage.py batch")


def test_failed_items_are_run_again(steered, batch, olga, told):
    row = steered.begin_with_failures()
    told.well |= {"raises", "never"}
    assert batch("retry-failed", row.reference, "--group", "nothing", "--as", "olga").code == 1
    assert batch("retry-failed", row.reference, "--sample", -1, "--as", "olga").code == 1
    assert batch("retry-failed", row.reference, "--as", "olga").code == 0
    assert batch("resume", row.reference, "--as", "olga").code == 0
    steered.batch.becomes("completed", succeeded=10)


def test_the_same_id_is_one_order_and_another_persons_is_refused(steered, batch, olga, boss):
    row = steered.begin()
    told = ["pause", row.reference, "--reason", "x", "--id", "mine", "--json", "--as"]
    first, second = batch(*told, "olga"), batch(*told, "olga")
    assert (first.code, second.code, first.out) == (0, 0, second.out)
    assert (first.json["state"], first.json["order"], first.json["action"]) == ("recorded", "mine", "pause")
    assert Order.objects.count() == row.events.filter(kind="paused").count() == 1
    other = batch(*told, "admin")
    assert (other.code, other.json["code"], other.json["exit"]) == (1, "id_reused", 1)
    assert Entry.objects.get(kind="batch.refused").known == "program"


def test_what_changes_nothing_is_refused_in_the_words_of_the_site(steered, batch, olga):
    row = steered.begin()
    ran = batch("resume", row.reference, "--as", "olga", "--json")
    assert (ran.code, ran.json["state"], ran.json["code"]) == (1, "refused", "not_paused")
    assert ran.json["error"] in ran.err


@pytest.mark.parametrize(
    "told",
    [
        ["pause", "--as", "olga"],
        ["resume", "--id", "", "--as", "olga"],
        ["resume", "--id", "n" * 65, "--as", "olga"],
        ["cancel", "--reason", " ", "--as", "olga"],
        ["limits", "--as", "olga"],
        ["limits", "--max-parallel", "many", "--as", "olga"],
        ["limits", "--pace", "fast", "--as", "olga"],
        ["pause", "--reason", "x", "--as", "rita"],
        ["pause", "--reason", "x", "--as", "nobody"],
        ["pause", "--reason", "x", "--as", "\udcff"],
    ],
    ids=lambda told: ascii(" ".join(told))[:40],
)
def test_what_makes_no_sense_or_is_not_theirs_is_refused(db, batch, olga, rita, told):
    row = written()
    ran = batch(told[0], row.reference, *told[1:])
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err) > 10
    assert not Order.objects.exists()


def test_of_one_that_has_ended_it_comes_too_late(db, batch, olga):
    row = written(state="completed", succeeded=1)
    ran = batch("pause", row.reference, *WHY, "--json")
    assert (ran.code, ran.json["code"]) == (1, "over")
    assert Entry.objects.get(kind="batch.refused").known == "program"


def test_without_temporal_nothing_is_changed_and_it_can_be_given_again(steered, batch, olga, via, temporal_server):
    row = steered.begin()
    via(NOBODY)
    ran = batch("pause", row.reference, *WHY, "--json")
    assert (ran.code, ran.json["state"]) == (4, "not_sent")
    via(temporal_server)
    assert batch("pause", row.reference, *WHY, "--id", ran.json["order"]).code == 0
    assert Order.objects.count() == 1


def test_without_a_worker_it_is_not_known_yet(steered, batch, olga):
    row = steered.begin()
    steered.house.worker.stop()
    ran = batch("pause", row.reference, *WHY, "--timeout", 0.2)
    assert ran.code == 4
    steered.house.worker.start()
    assert batch("pause", row.reference, *WHY, "--id", Order.objects.get().order_id, "--timeout", 30).code == 0


@pytest.mark.parametrize(
    "told",
    [
        [],
        ["dance"],
        ["show"],
        ["show", "B-1", "--unknown"],
        ["start", "x.csv"],
        ["start", "--as", "o", "--id", "1"],
        ["show", "B-1", "--timeout", "nan"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_1_and_says_how(told, capsys):
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "batch", *told])
    assert ended.value.code == 1
    assert "usage: manage.py batch" in capsys.readouterr().err


def test_help_names_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "batch", "show", "--help"])
    assert ended.value.code == 0
    assert "6 some items have failed" in " ".join(capsys.readouterr().out.split())


def test_what_is_wrong_with_limits_is_said_by_option(db, batch, olga):
    row = written()
    assert batch("limits", row.reference, "--max-parallel", "0", "--as", "olga").err.startswith("--max-parallel: must")
    assert batch("limits", row.reference, "--pace", "x/1", "--as", "olga").err.startswith("--pace: ")


# --- export ------------------------------------------------------------------------------------------------------


def failing(number: int) -> Batch:
    row = written(state="completed", succeeded=1, failed=number)
    for n in range(number):
        Failure.objects.create(
            batch=row, number=n, key=f"ord-{n}", error="=refused", fingerprint=f"f{n % 2}", attempts=3, round=1
        )
    return row


def test_failures_go_to_stdout_or_into_a_new_file(db, batch, tmp_path):
    row = failing(4)
    ran = batch("export", row.reference, "failures")
    lines = ran.out.splitlines()
    assert (ran.code, len(lines)) == (0, 5)
    assert lines[0].startswith("item,number,error")
    assert lines[1].startswith("ord-0,1,'=refused")
    out = tmp_path / "failures.jsonl"
    told = ["export", row.reference, "failures", "--format", "jsonl", "--group", "f1", "--out", out]
    said = batch(*told, "--json")
    assert (said.code, said.json["whole"], said.json["size"]) == (0, True, out.stat().st_size)
    assert len(out.read_text().splitlines()) == 2
    again = batch(*told)
    assert (again.code, "File exists" in again.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["failures.jsonl"]


def test_results_that_cannot_be_read_are_not_an_empty_file(db, batch, tmp_path):
    row = written(state="completed", succeeded=3)
    ran = batch("export", row.reference, "results", "--out", tmp_path / "results.csv")
    assert (ran.code, list(tmp_path.iterdir())) == (4, [])


def test_results_of_a_batch_are_whole(batches, batch, tmp_path):
    running = batches.start([{"n": n} for n in range(12)])
    running.result()
    ran = batch("export", running.handle.id, "results", "--format", "jsonl")
    assert (ran.code, len(ran.out.splitlines())) == (0, 12)
