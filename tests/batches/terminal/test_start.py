"""A batch is started from a terminal as from the form: the same errors, the same rows; who acts is a claim."""

import json
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from audit.models import Entry
from batches.models import Batch, Upload
from batches.starting import sending
from batches.terminal import running
from tests.batches.terminal.conftest import Command
from tests.circuits.conftest import NOBODY
from tests.clicking import at_once
from worker.datasets.references import address_of


def test_a_file_is_copied_started_and_waited_for(batches, batch, olga, file):
    ran = batch("start", file, "--job", "told", "--as", "olga", "--key", "iata", "--chunk-size", 7, "--wait", "--json")
    assert (ran.code, ran.json["state"], ran.json["succeeded"], ran.json["total"]) == (0, "completed", 30, 30)
    assert ran.err == ""
    row = Batch.objects.get()
    assert (row.title, row.user, row.known, row.spec["chunk_size"]) == ("airports", olga, "program", 7)
    assert (row.spec["item_key"], row.spec["on_tolerance"]) == ("iata", "fail")
    upload = Upload.objects.get()
    assert (row.upload, upload.user) == (upload, olga)
    assert Path(settings.DATA_DIR) in Path(upload.uri.removeprefix("file://")).parents


def test_the_ledger_says_that_nobody_had_signed_in(batches, batch, olga, file, client):
    batch("start", file, "--job", "told", "--as", "olga", "--wait")
    row = Batch.objects.get()
    ordered, begun = Entry.objects.filter(stream=row.stream).order_by("seq")[:2]
    assert (ordered.kind, ordered.actor, ordered.known) == ("batch.ordered", "olga", "program")
    assert ordered.data["through"] == "manage.py batch"
    assert (begun.kind, begun.actor, begun.known) == ("batch.begun", "olga", "program")
    client.force_login(olga)
    page = " ".join(client.get(row.get_absolute_url()).content.decode().split())
    assert "by a program, for olga" in page
    assert "claimed by a program" in page


def test_a_file_that_a_batch_may_read_stays_where_it_is(batches, batch, olga, settings, tmp_path):
    settings.LEITSTAND_SOURCES = [str(tmp_path / "sources")]
    path = tmp_path / "sources" / "deep" / "items.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("1\n2\n3\n")
    ran = batch("start", path, "--job", "told", "--as", "olga", "--json", "--wait")
    assert (ran.code, ran.json["succeeded"]) == (0, 3)
    assert Batch.objects.get().spec["source"]["uri"] == address_of(path)
    assert not Upload.objects.exists()


def test_the_same_id_twice_is_one_batch_and_one_copy(batches, batch, olga, file):
    told = ["start", file, "--job", "told", "--as", "olga", "--id", uuid.uuid4(), "--json"]
    first, second = batch(*told), batch(*told)
    assert (first.code, second.code) == (0, 0)
    assert (first.json["new"], second.json["new"]) == (True, False)
    assert first.json["reference"] == second.json["reference"]
    assert (Batch.objects.count(), Upload.objects.count()) == (1, 1)
    assert batch(*told, "--wait").json["succeeded"] == 30
    assert "with another job" in batch(*told[:3], "echo", *told[4:]).err
    content = file.read_text()
    file.write_text(f"{content}A999,Another\n")
    other = batch(*told)
    assert (other.code, "over another file" in other.err) == (1, True)
    file.unlink()
    assert batch(*told).code == 0
    assert Batch.objects.count() == 1


def test_two_runs_at_the_same_moment_are_one_batch_and_one_copy(batches, olga, file):
    told = ["start", file, "--job", "told", "--as", "olga", "--id", uuid.uuid4(), "--wait", "--json"]
    ran = at_once(*[lambda: Command()(*told)] * 3)
    assert [(one.code, one.json["succeeded"]) for one in ran] == [(0, 30)] * 3
    assert (Batch.objects.count(), Upload.objects.count()) == (1, 1)


def test_the_id_of_somebody_elses_batch_is_refused(batches, batch, olga, boss, file):
    told = ["start", file, "--job", "told", "--id", uuid.uuid4(), "--as"]
    assert batch(*told, "olga", "--wait").code == 0
    ran = batch(*told, "admin")
    assert (ran.code, Batch.objects.count()) == (1, 1)
    assert "somebody else's batch" in ran.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--job", "nothing"], "--job: "),
        ([], "Choose what is to be done with each item."),
        (["--job", "echo", "--chunk-size", "none"], "--chunk-size: Items per chunk"),
        (["--job", "echo", "--tolerated", "200"], "--tolerated: Give a share from 0 to 100 %."),
        (["--job", "echo", "--pace", "60"], "--pace: 60 is no limit: write ITEMS/SECONDS"),
        (["--job", "echo", "--pace", "0/60"], "--pace: "),
        (["--job", "echo", "--arg", "colour=red"], "There is no argument colour"),
        (["--job", "echo", "--arg", "seconds"], "write NAME=VALUE"),
        (["--job", "echo", "--key", "nope"], "--key: "),
        (["--job", "echo", "--service", "nope"], "--service: "),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_what_is_wrong_is_said_in_the_words_of_the_form_and_nothing_is_kept(olga, batch, file, given, said):
    ran = batch("start", file, "--as", "olga", *given)
    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""
    assert not Batch.objects.exists()
    assert not Upload.objects.exists()


def test_errors_are_json_too(olga, batch, file):
    ran = batch("start", file, "--as", "olga", "--job", "echo", "--chunk-size", "0", "--json")
    assert (ran.code, ran.json["exit"], list(ran.json["errors"])) == (1, 1, ["chunk_size"])


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_refused(olga, batch, tmp_path, name):
    ran = batch("start", tmp_path / name, "--as", "olga", "--job", "echo")
    assert (ran.code, Batch.objects.count()) == (1, 0)


def test_only_operators_who_are_there_act(batch, olga, rita, file):
    for name in ("rita", "nobody", ""):
        assert batch("start", file, "--job", "echo", "--as", name).code == 1
    olga.is_active = False
    olga.save()
    assert batch("start", file, "--job", "echo", "--as", "olga").code == 1
    assert not Batch.objects.exists()
    assert not Upload.objects.exists()


def test_without_temporal_it_is_kept_and_not_known_yet(batches, batch, olga, file, via, temporal_server):
    via(NOBODY)
    told = ["start", file, "--job", "told", "--as", "olga", "--id", uuid.uuid4()]
    ran = batch(*told)
    assert ran.code == 4
    assert "begins by itself" in ran.out
    row = Batch.objects.get(uuid=told[-1])
    assert row.first_run_id == ""
    via(temporal_server)
    sending.start(row)
    assert batch(*told, "--wait").code == 0


def test_again_with_all_of_it_and_what_failed_alone(batches, batch, told, olga, tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps({"n": n, "word": "never" if n < 2 else ""}) + "\n" for n in range(10)))
    options = ["--as", "olga", "--wait", "--json"]
    first = batch("start", path, "--job", "told", "--tolerated", 50, "--pace", "1000/1", *options).json
    assert (first["failed"], first["state"]) == (2, "completed")
    again = batch("start", "--from-batch", first["reference"], *options)
    assert (again.code, again.json["total"], again.json["pace"][0]["limit"]) == (0, 10, 1000)
    told.well.add("never")
    alone = batch("start", "--failed-of", first["uuid"], *options)
    assert (alone.code, alone.json["total"], alone.json["succeeded"]) == (0, 2, 2)
    assert Batch.objects.get(uuid=alone.json["uuid"]).follows.reference == first["reference"]
    cause = Batch.objects.get(uuid=first["uuid"]).groups.get().fingerprint
    of_cause = batch("start", "--failed-of", first["uuid"], "--group", cause, *options)
    assert (of_cause.code, of_cause.json["total"]) == (0, 2)
    assert batch("start", "--from-batch", first["uuid"], "--group", cause, *options).code == 1
    assert batch("start", "--failed-of", alone.json["uuid"], *options).code == 1
    assert batch("start", "--failed-of", "B-999999", *options).code == 5


def test_where_there_are_no_tables_it_says_which_folder_it_looked_in(batch, db, monkeypatch):
    def asked(*_):
        raise OperationalError("no such table: batches_batch")

    monkeypatch.setitem(running._COMMANDS, "list", asked)
    assert batch("list").code == 4
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["django_migrations"])
    ran = batch("list")
    assert ran.code == 1
    assert f"LEITSTAND_DATA is {settings.DATA_DIR} now" in ran.err
