"""Failed items in the database: in groups that say the same, counted right, found again page by page."""

import uuid

import pytest

from batches import failing
from batches.failing import find_failed, folded, record_failures
from batches.models import Batch, Failure
from worker.batch_wire import ChunkFailures, FailedItem, FindFailed
from worker.resilience.ranges import Ranges

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch():
    return Batch.objects.create(workflow_id="w", first_run_id="r")


def fails(batch, *numbers, error="order {} was refused", round=1, cleared=()):
    failed = [FailedItem(number, str(number), error.format(number), 3) for number in numbers]
    record_failures(ChunkFailures(str(batch.uuid), round, failed, list(cleared)))


def groups(batch):
    return {group.words: group.number for group in batch.groups.all()}


def find(batch, **more):
    return find_failed(FindFailed(str(batch.uuid), 10, round=99, **more))


def numbers(found):
    return [chunk.chunk * 10 + n for chunk in found.chunks for start, end in chunk.places for n in range(start, end)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("order 17 of 3.50 EUR was refused", "order ‹n› of ‹n› EUR was refused"),
        ("no user 'rita' in \"sales\"", "no user ‹…› in ‹…›"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace ‹id›"),
        ("request 6f4f1d0e-7a4c-4e3f-9d55-0b6d0d4c5a11 timed out", "request ‹id› timed out"),
        ("two\n  lines", "two lines"),
    ],
)
def test_what_differs_from_item_to_item_makes_no_group(error, words):
    assert folded(error) == words


def test_a_group_counts_its_items_however_often_they_are_written(batch):
    fails(batch, 1, 2, 3)
    fails(batch, 1, 2, 3)
    fails(batch, 3, error="no answer", round=2)
    assert groups(batch) == {"order ‹n› was refused": 2, "no answer": 1}
    assert Failure.objects.get(number=3).round == 2


def test_one_that_went_well_later_is_no_failure_any_more(batch):
    fails(batch, 1, 2)
    fails(batch, cleared=[2, 7], round=2)
    assert (groups(batch), Failure.objects.count()) == ({"order ‹n› was refused": 1}, 1)


def test_failed_items_are_found_as_places_in_chunks(batch):
    fails(batch, 1, 2, 3, 9, 10, 25)
    found = find(batch)
    assert [(chunk.chunk, chunk.places) for chunk in found.chunks] == [
        (0, [[1, 4], [9, 10]]),
        (1, [[0, 1]]),
        (2, [[5, 6]]),
    ]
    assert found.last is None


def test_those_of_one_group_those_of_earlier_rounds_and_so_many(batch):
    fails(batch, *range(5))
    fails(batch, 20, 21, error="no answer", round=3)
    group = batch.groups.get(words="no answer").fingerprint
    assert numbers(find(batch, group=group)) == [20, 21]
    assert numbers(find_failed(FindFailed(str(batch.uuid), 10, round=2))) == [0, 1, 2, 3, 4]
    assert numbers(find(batch, under_way=[3])) == [0, 1, 2, 3, 4]
    assert numbers(find(batch, most=3)) == [0, 1, 2]
    assert numbers(find(batch, after=3)) == [4, 20, 21]


@pytest.mark.parametrize(("chunks", "ranges"), [(2, 500), (50, 3)])
def test_a_page_is_bounded_and_the_pages_together_are_all_of_them_once(batch, monkeypatch, chunks, ranges):
    monkeypatch.setattr(failing, "PAGE_CHUNKS", chunks)
    monkeypatch.setattr(failing, "PAGE_RANGES", ranges)
    wanted = [*range(0, 60, 7), *range(60, 95)]
    fails(batch, *wanted)
    seen, after = [], -1
    while after is not None:
        found = find(batch, after=after)
        assert len(found.chunks) <= chunks
        assert sum(len(Ranges(chunk.places).dump()) for chunk in found.chunks) <= ranges
        seen += numbers(found)
        after = found.last
    assert seen == wanted


def test_texts_that_no_database_takes_are_kept_as_far_as_they_are_text(batch):
    record_failures(ChunkFailures(str(batch.uuid), 1, [FailedItem(0, "a\x00b", "odd \ud800 thing", 1)]))
    assert Failure.objects.get().error == "odd  thing"


def test_a_batch_that_is_not_there_is_an_error_not_silence():
    with pytest.raises(Batch.DoesNotExist):
        record_failures(ChunkFailures(str(uuid.uuid4()), 1, [FailedItem(0, "a", "b", 1)]))
