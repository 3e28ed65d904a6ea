"""An order becomes a batch: kept first, started once, whoever presses and whatever is away meanwhile."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from audit.models import Entry
from batches.models import Batch, Kind
from batches.starting import sending, services
from tests.batches.starting.conftest import ended
from tests.circuits.conftest import NOBODY, via  # noqa: F401  (a fixture: found by its name here)
from tests.clicking import at_once

SPEC = {"title": "March", "job": "told", "source": {"items": [1, 2, 3]}, "chunk_size": 2}


def order(by, **more):
    given = {**SPEC, **{name: more.pop(name) for name in list(more) if name in services.BatchSpec.__annotations__}}
    return services.begin(spec=given, by=by, uuid=more.pop("uuid", uuid.uuid4()), **more)


def of_workflow(row):
    return Batch.objects.filter(workflow_id=row.workflow_id)


def test_it_is_one_row_from_the_order_to_its_end_and_says_who_ordered_it(batches, olga):
    row = ended(order(olga))
    assert (row.state, row.total, row.succeeded) == ("completed", 3, 3)
    assert of_workflow(row).count() == 1
    assert (row.user, row.requester, row.spec["source"]["inline"]) == (olga, "olga", 3)
    kinds = Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", "actor", "known")
    assert list(kinds) == [
        ("batch.ordered", "olga", "signed_in"),
        ("batch.begun", "olga", "signed_in"),
        ("batch.closed", "system", "system"),
    ]


def test_the_same_form_twice_is_one_batch_also_at_the_same_moment(batches, olga):
    form = uuid.uuid4()
    rows = at_once(*[lambda: order(olga, uuid=form)] * 4)
    assert {row.uuid for row in rows} == {form}
    ended(rows[0])
    assert Batch.objects.count() == Entry.objects.filter(kind="batch.ordered").count() == 1


def test_the_id_of_another_persons_batch_is_not_taken(batches, olga, boss):
    first = order(olga)
    second = order(boss, uuid=first.uuid)
    assert second.uuid != first.uuid
    ended(first)
    ended(second)


def test_without_temporal_it_is_kept_says_so_and_a_chore_starts_it(batches, client, olga, via, temporal_server):  # noqa: F811
    via(NOBODY)
    row = order(olga)
    assert (row.state, row.first_run_id) == ("preparing", "")
    client.force_login(olga)
    assert (
        "It begins by itself as soon as Temporal has taken it." in client.get(row.get_absolute_url()).content.decode()
    )
    assert (sending.start_pending(), list(sending.to_start())) == (0, [])  # it is young: its own click may be at it
    Batch.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    assert sending.start_pending() == 0
    via(temporal_server)
    assert sending.start_pending() == 1
    ended(row)
    assert (of_workflow(row).count(), sending.start_pending()) == (1, 0)


@pytest.mark.filterwarnings(r"ignore:\[TMPRL1103\]")
def test_one_that_temporal_refuses_keeps_none_from_being_started(batches, olga, via, temporal_server, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sending.WORKFLOWS, Kind.MAPREDUCE, "")  # a workflow without a name is refused
    via(NOBODY)
    first, second = order(olga), order(olga)
    Batch.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    Batch.objects.filter(pk=first.pk).update(kind=Kind.MAPREDUCE, payload=[])
    via(temporal_server)
    assert sending.start_pending() == 1
    ended(second)


def test_started_by_two_workers_at_once_it_is_one(batches, olga, via, temporal_server):  # noqa: F811
    via(NOBODY)
    row = order(olga)
    via(temporal_server)
    assert at_once(*[lambda: sending.start(row)] * 3) == [True] * 3
    ended(row)
    assert of_workflow(row).count() == 1


def test_a_program_that_takes_its_id_does_not_become_what_was_ordered(batches, olga, via, temporal_server):  # noqa: F811
    via(NOBODY)
    row = order(olga)
    via(temporal_server)
    other = batches.start_given({**SPEC, "source": {"items": [7]}}, id=row.workflow_id)
    assert other.result()["total"] == 1
    sending.start(row)
    row.refresh_from_db()
    assert (row.state, row.total) == ("invalid", 0)
    assert "another batch under this id" in row.result["errors"][0]
    assert Entry.objects.filter(stream=row.stream, kind="batch.closed").count() == 1
    assert of_workflow(row).exclude(pk=row.pk).get().total == 1


def test_only_operators_start_one(rita, olga, db):
    with pytest.raises(PermissionDenied):
        order(rita)
    assert not Batch.objects.exists()


BAD = {
    "title": ({"title": " "}, "title must be a text"),
    "job": ({"job": "shout"}, "There is no job 'shout'"),
    "job_args": ({"job": "order", "job_args": {"seconds": "soon"}}, "must be a number, not 'soon'"),
    "chunk_size": ({"chunk_size": 0}, "from 1 to 10,000"),
    "max_parallel": ({"max_parallel": 10_000}, "from 1 to 500"),
    "pace": ({"pace": {"kind": "token_bucket", "limit": 0, "per_seconds": 1}}, "limit must be a whole number from 1"),
    "source": ({"source": {}}, "one of uri, items and failed_of"),
}


@pytest.mark.parametrize("field", BAD)
def test_what_the_contracts_reader_refuses_is_said_by_its_key_and_nothing_is_kept(told, olga, field):
    changed, said = BAD[field]
    with pytest.raises(ValidationError) as refused:
        order(olga, **changed)
    assert said in refused.value.message_dict[field][0]
    assert not Batch.objects.exists()


def test_what_follows_another_says_so_at_both_and_runs_its_failed_items(batches, told, olga):
    first = ended(order(olga, source={"items": ["never", 1, "never"]}, tolerated_failure_rate=1))
    assert first.failed == 2
    told.well.add("never")
    second = ended(order(olga, source={"failed_of": str(first.uuid)}, follows=first))
    assert (second.succeeded, second.total, list(first.followers.all())) == (2, 2, [second])
    assert Entry.objects.get(stream=second.stream, kind="batch.ordered").data["follows"] == first.reference
    assert Entry.objects.get(stream=first.stream, kind="batch.started_again").data["as"] == second.reference
    with pytest.raises(ValidationError, match="has failed, so there is nothing to do"):
        order(olga, source={"failed_of": str(second.uuid)}, follows=second)


def test_the_failed_items_of_a_batch_that_runs_are_run_again_there(batches, told, olga):
    told.open.clear()
    row = order(olga)
    with pytest.raises(ValidationError, match="has not ended"):
        order(olga, source={"failed_of": str(row.uuid)}, follows=row)
    told.open.set()
    ended(row)
