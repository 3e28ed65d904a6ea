"""What a batch leaves on disk is kept for some days after its end; then it goes, the ledger says so, the page too."""

import os
import shutil
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from batches import clearing
from batches.failing import record_failures
from batches.models import Batch
from tests.batches.keeping.conftest import kinds
from worker.batch_wire import ChunkFailures, FailedItem
from worker.chunks import folders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(clearing, "EVERY", 0.0)
    monkeypatch.setattr(clearing, "ORPHANS_EVERY", 0.0)


def ended(days, **more):
    """A batch that ended so many days ago, and its folder."""
    at = timezone.now() - timedelta(days=days) if days is not None else None
    row = Batch.objects.create(
        workflow_id=f"w-{uuid.uuid4()}", first_run_id="r", state="completed", closed_at=at, **more
    )
    folder(row.uuid)
    return row


def folder(name, days=0):
    made = folders.folder_of(str(name))
    made.mkdir(parents=True)
    (made / "results.jsonl").write_text('{"item":"1","number":0,"result":1}\n')
    old = timezone.now().timestamp() - days * 86_400
    os.utime(made, (old, old))
    return made


def there(row) -> bool:
    return folders.folder_of(str(row.uuid)).exists()


def test_the_folder_goes_after_its_days_once_with_an_entry_in_the_ledger():
    old, young, runs = ended(91), ended(89), ended(None)
    assert [clearing.clear_due(), clearing.clear_due()] == [1, 0]
    assert [there(row) for row in (old, young, runs)] == [False, True, True]
    assert kinds(old) == ["batch.cleared"]
    old.refresh_from_db()
    assert old.cleared_at


def test_with_no_days_it_stays_for_ever(settings):
    settings.BATCH_DAYS = 0
    row = ended(10_000)
    assert clearing.clear_due() == 0
    assert there(row)


def test_what_another_batch_is_about_to_read_stays():
    old = ended(91)
    Batch.objects.create(workflow_id="again", first_run_id="r", spec={"source": {"failed_of": str(old.uuid)}})
    assert clearing.clear_due() == 0
    assert there(old)


def test_folders_without_a_batch_go_when_they_are_old_and_nothing_else_does():
    ended(1)
    old, young, other = folder(uuid.uuid4(), 8), folder(uuid.uuid4(), 6), folder("notes of somebody", 100)
    clearing.clear_due()
    assert [each.exists() for each in (old, young, other)] == [False, True, True]


def test_of_another_database_nothing_goes():
    old = folder(uuid.uuid4(), 100)
    assert clearing.clear_due() == 0
    assert old.exists()


def test_one_that_a_sudden_end_left_is_found_again():
    row = ended(91)
    ended(1)
    clearing.clear(row)
    folder(row.uuid)
    clearing.clear_due()
    assert not there(row)


def test_the_pages_say_that_it_is_gone_and_failed_items_stay(client, rita):
    row = ended(91)
    record_failures(ChunkFailures(str(row.uuid), 1, [FailedItem(1, "two", "no such order", 1)]))
    clearing.clear_due()
    client.force_login(rita)
    address = row.get_absolute_url()
    assert "Its results were deleted" in client.get(address).content.decode()
    assert client.get(f"{address}export/results.csv").status_code == 410
    assert b"two" in b"".join(client.get(f"{address}export/failures.csv").streaming_content)
    assert "no such order" in client.get(f"{address}item/?key=two").content.decode()
    assert "What the batch left was deleted" in client.get(f"{address}item/?key=one").content.decode()


def test_where_there_is_no_folder_at_all_nothing_is_said_to_be_deleted():
    row = ended(91)
    shutil.rmtree(clearing._home())
    assert clearing.clear_due() == 0
    row.refresh_from_db()
    assert row.cleared_at is None
