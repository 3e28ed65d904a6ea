"""What no other try will help is known as that; groups say when their first and last item came."""

import pytest

from batches.failing import record_failures
from batches.models import Batch, Failure, FailureGroup
from worker.batch_wire import ChunkFailures, FailedItem


@pytest.fixture
def batch(db):
    return Batch.objects.create(workflow_id="w", first_run_id="r")


def fails(batch, *numbers, final=False, cleared=()):
    failed = [FailedItem(number, str(number), "no such order", 1, final) for number in numbers]
    record_failures(ChunkFailures(str(batch.uuid), 1, failed, list(cleared)))
    return FailureGroup.objects.get(batch=batch, words="no such order")


def test_a_group_counts_those_that_no_try_will_help(batch):
    fails(batch, 1, 2, final=True)
    fails(batch, 3)
    group = fails(batch, 2)
    assert (group.number, group.final) == (3, 1)
    group = fails(batch, cleared=[1])
    assert (group.number, group.final) == (2, 0)


def test_a_group_says_when_its_first_and_its_last_item_came(batch):
    first = fails(batch, 1)
    second = fails(batch, 2)
    assert second.first_at == first.first_at == first.last_at < second.last_at


def test_a_group_that_was_empty_begins_anew(batch):
    first = fails(batch, 1)
    fails(batch, cleared=[1])
    assert fails(batch, 2).first_at > first.last_at


@pytest.mark.parametrize("job", ["told", "told_quick", "told_plain"])
@pytest.mark.django_db(transaction=True)
def test_what_the_job_calls_hopeless_and_what_is_no_item_is_final(batches, upload, job):
    """A job says so by NotAgain; a row that cannot be read stays what it is."""
    content = 'word,n\nnever,1\nraises,2\n"broken,3,3\n"\n'
    source = {"uri": upload(content), "format": "csv"}
    batch = batches.start(source=source, job=job, item_attempts=1, tolerated_failure_rate=1)
    batch.result()
    assert list(Failure.objects.order_by("number").values_list("final", flat=True)) == [True, False, True]
