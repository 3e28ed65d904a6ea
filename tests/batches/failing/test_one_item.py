"""One item is found by its key: what became of it, while the batch runs and long after."""

import re
import shutil
import threading

import pytest
from django.conf import settings

from tests.temporal import until
from worker.chunks import folders

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def outcome(see, rita):
    """Of the item with this key, in the page's words."""

    def of(row, key: str, status: int = 200) -> str:
        answer = see(rita, f"/batches/{row.uuid}/item/?key={key}", status)
        return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())

    return of


def csv_of(number, **words):
    rows = [f"ord-{n},{n},{words.get(f'n{n}', 'fine')}" for n in range(number)]
    return "\n".join(["id,n,word", *rows]) + "\n"


@pytest.fixture(params=["by its number", "by a column", "in a copy"])
def ended(request, batches, upload):
    """Of 35 items, each named in another way; 3 failed and 17 was served badly."""
    content = csv_of(35, n3="never", n17="degraded")
    items = [dict(zip(("id", "n", "word"), line.split(","), strict=True)) for line in content.split()[1:]]
    source = {"items": items} if request.param == "in a copy" else {"uri": upload(content), "format": "csv"}
    named = {} if request.param == "by its number" else {"item_key": "id"}
    batch = batches.start(source=source, tolerated_failure_rate=1, **named)
    batch.result()
    return batch.row, (lambda n: str(n + 1)) if not named else (lambda n: f"ord-{n}")


def test_each_item_of_a_batch_that_has_ended_says_what_became_of_it(ended, outcome):
    row, name = ended
    for n in (0, 9, 10, 34):
        said = outcome(row, name(n))
        assert "Succeeded Its job returned this." in said
        assert f"number {n + 1} of 35" in said
        assert said.count(f"&quot;n&quot;: &quot;{n}&quot;") == 2  # returned, and as it was given
    assert "Failed Another try will not help." in outcome(row, name(3))
    assert "there is no such order" in outcome(row, name(3))
    assert "Degraded" in outcome(row, name(17))
    for key in ("zebra", "0", "36", "ord-35", "01", "-1"):
        assert "No item is called" in outcome(row, key, 404)


def test_while_it_runs_each_says_how_far_it_is(batches, told, outcome):
    told.open.clear()
    batch = batches.start([{"n": n, "word": "fine"} for n in range(35)], chunk_size=20, max_parallel=1)
    batch.becomes("running", running=20, pending=15)
    row = batch.row
    until(lambda: "It is being run at this moment." in outcome(row, "1"))
    assert "Running Its part of the data is being run; it has no outcome yet." in outcome(row, "20")
    assert "Pending Its turn has not come yet." in outcome(row, "21")
    told.permits = threading.Semaphore(5)
    told.open.set()
    until(lambda: "Succeeded" in outcome(row, "1"), what="what is written down is found while its chunk runs")
    assert "Succeeded" not in outcome(row, "20")
    told.permits = None
    batch.result()
    assert "Succeeded" in outcome(row, "35")


def test_what_never_had_its_turn_is_said_when_the_batch_has_ended(batches, told, outcome):
    told.open.clear()
    batch = batches.start(list(range(30)), max_parallel=1)
    batch.becomes("running", running=10)
    batch.signal("cancel", "olga", "enough")
    told.open.set()
    batch.result()
    assert "Not run The batch ended before its turn came." in outcome(batch.row, "30")


def test_where_the_folder_cannot_be_read_it_says_so(batches, outcome):
    batch = batches.start(["fine"] * 3)
    batch.result()
    shutil.rmtree(folders.folder_of(str(batch.row.uuid)))
    folders.order_of.cache_clear()
    said = outcome(batch.row, "1")
    assert "Not known What became of it cannot be read here." in said
    assert "The folder of the batch cannot be read" in said


def test_data_that_is_not_there_any_more_hides_no_outcome(batches, upload, outcome):
    address = upload(csv_of(12))
    batch = batches.start(source={"uri": address, "format": "csv"}, item_key="id")
    batch.result()
    (settings.DATA_DIR / "uploads" / address.rpartition("/")[2]).unlink()
    said = outcome(batch.row, "ord-11")
    assert "Succeeded" in said
    assert "There is no file" in said


def test_without_a_key_it_asks_for_one(batches, see, rita):
    batch = batches.start(["fine"])
    batch.result()
    assert "Find one item" in see(rita, f"/batches/{batch.row.uuid}/item/").content.decode()


def test_what_has_failed_in_a_chunk_that_still_runs_is_not_run_again(batches, told, outcome):
    told.permits = threading.Semaphore(1)
    batch = batches.start([{"n": 0, "word": "never"}, {"n": 1, "word": "fine"}], tolerated_failure_rate=1)
    batch.becomes("running", running=2)
    row = until(lambda: batch.failures() and batch.row)
    assert "Failed Another try will not help." in outcome(row, "1")
    told.permits = None
    batch.result()


def test_what_is_run_again_says_so(batches, told, outcome):
    batch = batches.start([{"n": 0, "word": "never"}], on_tolerance="pause", tolerated_failure_rate=0)
    batch.becomes("paused", failed=1)
    told.open.clear()
    batch.signal("retry_failed", "olga")
    batch.signal("resume", "olga")
    until(lambda: "It had failed, and is being run again at this moment." in outcome(batch.row, "1"))
    told.open.set()
    batch.result()
