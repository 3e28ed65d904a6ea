"""Schedules in a terminal: the same rows and orders as on the site, as lines and as JSON, with exit codes."""

import uuid

import pytest

from audit.models import Entry


def test_listed_shown_paused_run_and_resumed(clock, batch):
    row = clock.schedule("orders-%Y.csv")
    assert row.reference in batch("schedules").out
    found = batch("schedules", "show", row.reference, "--json").json
    assert (found["cron"], found["time_zone"], len(found["next"])) == ("30 2 * * *", "Europe/Berlin", 5)
    ran = batch("schedules", "pause", row.reference, "--as", "olga", "--reason", "They move", "--json")
    assert (ran.code, ran.json["state"]) == (0, "recorded")
    assert "olga: They move" in batch("schedules", "show", row.uuid).out
    entry = Entry.objects.get(stream=row.stream, kind="schedule.paused")
    assert (entry.known, entry.data["through"]) == ("program", "manage.py batch")
    assert batch("schedules", "resume", row.reference, "--as", "olga").code == 0


def test_run_now_says_which_batch_it_is_and_given_twice_it_is_one(clock, batch):
    row, once = clock.schedule(), str(uuid.uuid4())
    order = ("schedules", "run", row.reference, "--as", "olga", "--id", once, "--timeout", "60", "--json")
    first, again = batch(*order), batch(*order)
    assert (first.code, first.json["state"]) == (0, "recorded")
    assert again.json["batch"] == first.json["batch"] == str(row.runs.get().batch.uuid)
    clock.ended(row.runs.get())


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("show", "S-999999"), 5, "There is no schedule S-999999"),
        (("show",), 5, "without a name"),
        (("pause", "{}"), 1, "--as: name the operator"),
        (("pause", "{}", "--as", "olga"), 1, "--reason: Say why"),
        (("pause", "{}", "--as", "rita", "--reason", "x"), 1, "rita is no operator"),
        (("resume", "{}", "--as", "olga"), 1, "It is not paused"),
    ],
)
def test_what_cannot_be_done_ends_with_a_sentence_and_a_code(clock, batch, rita, args, code, said):
    row = clock.schedule()
    ran = batch("schedules", *(each.format(row.reference) for each in args))
    assert ran.code == code
    assert said in ran.err
