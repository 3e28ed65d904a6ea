"""Uploads are kept as long as a batch may need them, and files of others for ever."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from batches.models import Batch, Upload
from batches.starting import uploads
from tests.batches.pages.conftest import written
from worker.datasets.references import CSV

DAY = timedelta(days=1)


@pytest.fixture
def kept(olga, settings, tmp_path):
    """Makes an upload that came so long ago."""
    settings.DATA_DIR = tmp_path

    def make(ago=2 * DAY, name="a.csv"):
        received = uploads.written(name, b"a\n1\n")
        upload = uploads.keep(received, CSV, olga)
        Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - ago)
        return upload

    return make


def over(upload, ended=None):
    row = written()
    closed = timezone.now() - ended if ended is not None else None
    Batch.objects.filter(pk=row.pk).update(upload=upload, closed_at=closed)


def prune(monkeypatch):
    monkeypatch.setattr(uploads, "_looked", float("-inf"))
    uploads.prune_due()
    return set(Upload.objects.values_list("pk", flat=True))


def lies(upload):
    return Path(upload.uri.removeprefix("file://")).exists()


def test_one_that_no_batch_uses_goes_after_a_day(kept, monkeypatch):
    young, old = kept(ago=timedelta(hours=23)), kept()
    assert prune(monkeypatch) == {young.pk}
    assert (lies(young), lies(old)) == (True, False)


def test_one_in_use_stays_until_all_its_batches_have_ended_long_ago(kept, monkeypatch, settings):
    settings.UPLOAD_DAYS = 5
    running, lately, long_ago = kept(), kept(), kept()
    over(running, ended=9 * DAY)
    over(running)
    over(lately, ended=9 * DAY)
    over(lately, ended=4 * DAY)
    over(long_ago, ended=9 * DAY)
    assert prune(monkeypatch) == {running.pk, lately.pk}
    assert not lies(long_ago)
    assert Batch.objects.filter(upload=None).count() == 1


def test_one_that_a_program_runs_by_its_address_stays(kept, monkeypatch):
    upload, other = kept(), kept(name="b.csv")
    row = written()
    Batch.objects.filter(pk=row.pk).update(spec={"source": {"uri": upload.uri}}, closed_at=None)
    assert prune(monkeypatch) == {upload.pk}
    assert not lies(other)


def test_what_somebody_sent_who_is_deleted_stays_with_its_batch(kept, monkeypatch, olga):
    upload = kept()
    over(upload)
    olga.delete()
    assert prune(monkeypatch) == {upload.pk}
    assert lies(upload)


def test_what_was_used_stays_for_ever_if_that_is_set(kept, monkeypatch, settings):
    settings.UPLOAD_DAYS = 0
    upload = kept()
    over(upload, ended=900 * DAY)
    assert prune(monkeypatch) == {upload.pk}


def test_leftovers_of_a_sudden_end_go_and_what_programs_put_there_stays(kept, monkeypatch):
    upload = kept(ago=timedelta(0))
    home = uploads.folder()
    gone = [home / ".coming-x", home / str(uuid.uuid4())]
    stay = [home / "nightly.csv", home / "exports", home / ".coming-young"]
    for path in (*gone, *stay):
        path.mkdir() if "." not in path.name else path.write_text("a\n")
        past = time.time() - (0 if path.name == ".coming-young" else 2 * 86_400)
        os.utime(path, (past, past))
    prune(monkeypatch)
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in stay)
    assert lies(upload)


def test_beside_another_database_nothing_is_thrown_away(kept, monkeypatch):
    upload = kept()
    Upload.objects.all().delete()
    os.utime(uploads.folder() / str(upload.uuid), (1, 1))
    prune(monkeypatch)
    assert lies(upload)


NAMES = {
    "../../etc/passwd": "passwd.csv",
    "C:\\bills\\March.CSV": "March.CSV",
    ".hidden.csv": "hidden.csv",
    "a<b>|*.csv": "a_b___.csv",
    "": "items.csv",
    "....": "items.csv",
    "x" * 300 + ".csv": "x" * 100 + ".csv",
    "Rechnungen März 2026.csv": "Rechnungen März 2026.csv",
    "archive.tar.gz": "archive.tar.gz.csv",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_its_name_is_one_that_any_disk_takes(name):
    assert uploads.safe_name(name, CSV) == NAMES[name]
