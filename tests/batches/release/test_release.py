"""A batch above the limit becomes a request; approved it begins by itself, once; else it says why it does not."""

import uuid

import pytest
from django.utils import timezone

from accounts import writing
from accounts.models import Letter, Preferences
from approvals import notices
from approvals import sending as requests
from approvals.models import Level, Request
from audit import verify
from audit.models import Entry
from batches.models import Batch, Release
from batches.release import services, settling
from batches.starting import sending
from circuits.models import Episode
from live.writes import write
from tests.batches.conftest import SIX
from tests.circuits.conftest import NOBODY, via  # noqa: F401  (a fixture: found by its name here)
from tests.clicking import at_once
from tests.conftest import person
from worker.registry import BadArguments, jobs


def kinds(row):
    return list(Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", flat=True))


@pytest.fixture
def otto(db):
    return person("otto", groups=("ops",))


def told():
    """Who got a letter of what kind, but for the request's own level."""
    letters = Letter.objects.filter(kind__in=("outcome", "ops")).order_by("name")
    return [(letter.user.username, letter.kind) for letter in letters]


def test_above_the_limit_it_waits_with_all_of_its_items_pending_and_the_request_says_what_it_would_do(front):
    row, path = front.over_file(pace={"kind": "token_bucket", "limit": 5, "per_seconds": 1})
    request = front.release(row).request
    assert (row.state, row.total, row.pending, row.first_run_id) == ("awaiting", 30, 30, "")
    assert sum(getattr(row, name) for name in SIX) == row.total
    assert (request.kind, str(request.amount), request.currency, request.requester_name) == (
        "batch",
        "75.00",
        "EUR",
        "olga",
    )
    said = request.details
    assert said["Items"] == "30"
    assert said["SHA-256"] == row.payload["source"]["sha256"]
    assert path.name in said["File"]
    assert said["Estimated cost"] == "75.00 EUR, 2.5 for each item"
    assert said["Pace"] == "at most 5 in 1 s"
    assert said["Why it is asked"] == "It has more than 3 items."
    assert str(row.uuid) in said["Batch"]
    Batch.objects.filter(pk=row.pk).update(created_at="2026-01-01T00:00:00Z")
    assert sending.start_pending() == 0
    assert kinds(row) == ["batch.ordered", "batch.approval_asked"]


def test_at_the_limit_nobody_is_asked(front):
    row = front.becomes(front.order(source={"items": [1, 2, 3]}), "completed")
    assert not Request.objects.filter(kind="batch").exists()
    assert row.succeeded == 3


def test_approved_it_begins_by_itself_and_exactly_what_was_approved_is_run(front, maria):
    row, _path = front.over_file()
    front.decided(row, maria)
    row = front.becomes(row, "completed")
    assert (row.succeeded, row.total) == (30, 30)
    release = front.release(row)
    assert release.state == "given"
    assert release.digest == release.request.action_args["digest"]
    assert kinds(row) == ["batch.ordered", "batch.approval_asked", "batch.approved", "batch.begun", "batch.closed"]
    assert Entry.objects.get(stream=row.stream, kind="batch.approved").data["approved_by"] == ["maria"]
    front.closed(row)
    request = front.release(row).request
    assert request.result["result"] == {"batch": row.reference, "uuid": str(row.uuid), "begun": True, "changed": []}


def test_its_action_twice_and_at_once_begins_it_once(front, maria):
    row, _path = front.over_file()
    front.decided(row, maria)
    release = front.release(row)
    given = {"request": str(release.request.uuid), "batch": str(row.uuid), "digest": release.digest}
    said = at_once(*[lambda: services.begin_approved(**given)] * 3)
    assert [one["begun"] for one in said] == [True] * 3
    row = front.becomes(row, "completed")
    assert kinds(row).count("batch.approved") == kinds(row).count("batch.begun") == 1
    assert Batch.objects.filter(workflow_id=row.workflow_id).count() == 1


def test_two_who_approve_at_the_same_moment_begin_it_once_and_the_others_are_refused(front, maria):
    mona = person("mona")
    mona.levels_held.create(level=Level.objects.get(name="manager"))
    row, _path = front.over_file()
    front.waits(row)
    at_once(*[lambda by=by: front.decided(row, by) for by in (maria, mona, maria, mona)])
    row = front.becomes(row, "completed")
    front.closed(row)
    clicks = front.release(row).request.attempts
    assert sorted(clicks.values_list("state", flat=True)) == ["applied", "refused", "refused", "refused"]
    assert row.succeeded == 30
    assert kinds(row).count("batch.approved") == kinds(row).count("batch.begun") == 1
    assert len(Entry.objects.get(stream=row.stream, kind="batch.approved").data["approved_by"]) == 1


def test_killed_between_the_approval_and_the_start_it_is_started_by_the_chore(front, maria, via, temporal_server):  # noqa: F811
    row, _path = front.over_file()
    release = front.release(row)
    via(NOBODY)
    services.begin_approved(request=str(release.request.uuid), batch=str(row.uuid), digest=release.digest)
    row.refresh_from_db()
    assert (row.state, row.first_run_id) == ("preparing", "")
    via(temporal_server)
    Batch.objects.filter(pk=row.pk).update(created_at="2026-01-01T00:00:00Z")
    assert sending.start_pending() == 1
    assert front.becomes(row, "completed").succeeded == 30


def test_with_temporal_away_it_is_one_order_and_one_request_that_starts_later(front, maria, via, temporal_server):  # noqa: F811
    via(NOBODY)
    form = uuid.uuid4()
    rows = [front.order(uuid=form) for _twice in range(2)]
    assert rows[0] == rows[1]
    request = Request.objects.get(kind="batch")
    assert request.status == "not_started"
    via(temporal_server)
    Request.objects.update(created_at="2026-01-01T00:00:00Z")
    assert requests.start_pending() == 1
    front.decided(rows[0], maria)
    assert front.becomes(rows[0], "completed").succeeded == 4


def test_the_same_form_twice_at_the_same_moment_asks_once(front):
    form = uuid.uuid4()
    rows = at_once(*[lambda: front.order(uuid=form)] * 4)
    assert {row.uuid for row in rows} == {form}
    assert Request.objects.filter(kind="batch").count() == Release.objects.count() == 1


def test_rejected_it_has_ended_and_says_by_whom_and_why(front, maria, otto):
    row = front.order()
    front.decided(row, maria, "reject", comment="Not before the audit.")
    front.closed(row)
    row = front.becomes(row, "declined")
    assert row.closed_at
    assert (row.total, row.pending) == (4, 4)
    said = {name: row.result[name] for name in ("status", "outcome", "by", "level", "reason", "not_run")}
    assert said == {
        "status": "declined", "outcome": "rejected", "by": "maria", "level": "Manager",
        "reason": "Not before the audit.", "not_run": 4,
    }  # fmt: skip
    assert settling.settle_closed() == 0
    assert kinds(row).count("batch.declined") == 1
    assert row.first_run_id == ""
    assert told() == [("olga", "outcome"), ("otto", "ops")]
    message = writing.write(Letter.objects.get(kind="ops"))
    assert message.subject == "The batch “Airports” was not approved: rejected, maria, “Not before the audit.”"
    assert f"/batches/{row.uuid}/" in message.text


def test_not_decided_in_time_it_has_ended_and_each_hears_of_it_once_by_what_they_chose(front, olga, otto, boss):
    Preferences.objects.create(user=olga, outcome=False)
    Preferences.objects.create(user=otto, ops=False)
    person("oskar", groups=("ops",))
    row = front.order()
    front.waits(row)
    request = front.release(row).request
    request.steps.update(state="timeout")
    with write():
        request.status, request.closed_at = "timeout", timezone.now()
        request.save()
        notices.closed(request)
    assert at_once(*[settling.settle_closed] * 3).count(1) == 1
    assert settling.settle_closed() == 0
    assert told() == [("olga", "ops"), ("oskar", "ops")]
    assert Episode.objects.get(subject=f"batch-declined:{row.uuid}").cause == "nobody decided in time"


def test_withdrawn_by_who_asked_it_has_ended(front, olga):
    row = front.order()
    front.decided(row, olga, "withdraw", comment="Wrong file.")
    row = front.becomes(row, "declined")
    assert (row.result["outcome"], row.result["by"], row.result["reason"]) == ("withdrawn", "olga", "Wrong file.")
    assert told() == [("olga", "outcome")]


def test_who_asks_does_not_approve_it(front, olga, maria):
    olga.levels_held.create(level=Level.objects.get(name="manager"))
    row = front.order()
    assert "nobody decides on their own request" in front.decided(row, olga).reason
    row.refresh_from_db()
    assert row.state == "awaiting"


def changed_file(path):
    path.write_text(path.read_text().replace("City 7", "City X"))
    return "checksum is another"


def longer_file(path):
    path.write_text(path.read_text() + "ZZZ,one more\n")
    return "it is another file"


def no_file(path):
    path.unlink()
    return "There is no file"


@pytest.mark.parametrize("change", [changed_file, longer_file, no_file], ids=lambda change: change.__name__)
def test_a_file_that_is_not_the_approved_one_does_not_begin_and_says_so(front, maria, change, told):
    row, path = front.over_file()
    said = change(path)
    front.decided(row, maria)
    row = front.becomes(row, "changed")
    assert said in front.release(row).changes[0]
    assert str(path.parent) not in front.release(row).changes[0]
    assert (row.closed_at, row.total, row.pending) == (None, 30, 30)
    assert "batch.changed_since" in kinds(row)
    assert not told.calls


def test_an_order_that_was_edited_names_what_differs(front, maria):
    row = front.order()
    Batch.objects.filter(pk=row.pk).update(payload={**row.payload, "chunk_size": 1, "item_attempts": 7})
    front.decided(row, maria)
    row = front.becomes(row, "changed")
    assert front.release(row).changes == [
        "The order is not the one that was approved any more: chunk_size and item_attempts."
    ]


def test_a_job_that_is_gone_is_named(front, maria):
    row = front.order(job="told_plain")
    gone = jobs._known.pop("told_plain")
    front.decided(row, maria)
    row = front.becomes(row, "changed")
    jobs._known["told_plain"] = gone
    assert "There is no job 'told_plain'" in front.release(row).changes[0]


def test_asked_again_it_is_approved_as_it_is_now_in_the_name_of_who_asked_again(front, maria, boss):
    row, path = front.over_file()
    longer_file(path)
    front.decided(row, maria)
    row = front.becomes(row, "changed")
    asked = at_once(*[lambda: services.ask_again(batch=Batch.objects.get(pk=row.pk), by=boss)] * 2)
    assert [one.state for one in asked] == ["awaiting"] * 2
    assert Release.objects.filter(batch=row).count() == 2
    row.refresh_from_db()
    assert (row.total, row.requester, row.payload["requester"]) == (31, "admin", "admin")
    assert front.release(row).request.requester_name == "admin"
    front.decided(row, maria)
    assert front.becomes(row, "completed").succeeded == 31


def test_dropped_it_has_ended_and_says_by_whom(front, maria, olga):
    row, path = front.over_file()
    no_file(path)
    front.decided(row, maria)
    row = front.becomes(row, "changed")
    for _twice in range(2):
        services.drop(batch=row, by=olga)
    row.refresh_from_db()
    assert (row.state, row.result["outcome"], row.result["by"]) == ("declined", "dropped", "olga")
    assert kinds(row).count("batch.declined") == 1


def test_another_request_with_the_same_action_begins_nothing(front, maria):
    row = front.order()
    release = front.release(row)
    other = Request.objects.create(workflow_id="other", title="Mine", created_at=release.asked_at)
    with pytest.raises(BadArguments, match="not the one"):
        services.begin_approved(request=str(other.uuid), batch=str(row.uuid), digest=release.digest)
    row.refresh_from_db()
    assert row.state == "awaiting"


def test_a_program_that_takes_its_id_does_not_begin_what_waits(front, batches):
    row = front.order()
    other = batches.start_given(row.payload, id=row.workflow_id)
    assert other.result()["successful"] == 4
    row.refresh_from_db()
    assert (row.state, row.first_run_id) == ("awaiting", "")
    assert Batch.objects.filter(workflow_id=row.workflow_id).count() == 2


def test_a_program_is_refused_above_the_limit_where_the_setting_says_so(front, batches, settings):
    settings.BATCH_APPROVAL_STRICT = True
    refused = batches.start([1, 2, 3, 4]).result()
    assert refused["status"] == "invalid"
    assert "Nobody has approved it" in " ".join(refused["errors"])
    assert batches.start([1, 2, 3]).result()["status"] == "completed"


def test_what_was_approved_begins_where_programs_are_refused(front, maria, settings):
    settings.BATCH_APPROVAL_STRICT = True
    row = front.order()
    front.decided(row, maria)
    assert front.becomes(row, "completed").succeeded == 4


def test_all_of_it_is_proven_by_the_ledger(front, maria):
    row = front.order()
    front.decided(row, maria)
    front.becomes(row, "completed")
    front.closed(row)
    assert verify.ledger().broken is None
