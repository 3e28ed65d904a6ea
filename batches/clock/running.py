"""What a run of a schedule does: the file of its day becomes a batch, or why not is said; and how the run ends."""

import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals.recording import moment
from audit.models import Entry
from audit.services import append
from batches.clock import names, times
from batches.clock.alarm_words import FAILED
from batches.models import Batch, Schedule, ScheduledRun, State
from batches.release.settling import decline
from batches.starting import services
from batches.starting.origins import look_of
from circuits import episodes
from circuits.access import is_ops
from live.writes import write
from worker import client
from worker.clock_wire import BeginRun, BegunRun, StopRun
from worker.datasets.looking import Look
from worker.datasets.references import BadSource, Reference, address_of
from worker.reading import as_uuid

NAMESPACE = uuid.UUID("b5d1d3a4-19f0-4f0e-9a1c-6d3f5f0d7a52")


def begin(given: BeginRun) -> BegunRun:
    """Safe to ask again: a run is known by its schedule and its time, and so is its batch."""
    row = _schedule(given.schedule)
    if row is None:
        return BegunRun(error="This schedule is not known here: it belongs to another database, or was removed.")
    run = _run(row, given)
    if run.batch:
        return BegunRun(run.batch.workflow_id)
    if run.cause:
        return BegunRun(left_out=run.cause) if run.left_out else BegunRun(error=run.cause)
    if _comes_twice(row, run):
        return _left_out(run, _("The clocks went back: this time comes twice, and is run once."))
    try:
        if row.overlap == Schedule.Overlap.TERMINATE:
            _end_others(row, run)
        return BegunRun(_begin(row, run).workflow_id)
    except ValidationError as error:
        return _failed(row, run, " ".join(error.messages))
    except (BadSource, PermissionDenied) as error:
        return _failed(row, run, str(error))


def _schedule(named: str) -> Schedule | None:
    found = as_uuid(named)
    return Schedule.objects.select_related("user", "upload").filter(uuid=found).first() if found else None


def _run(row: Schedule, given: BeginRun) -> ScheduledRun:
    """One that runs a second time under its time waits for the end of its batch anew."""
    facts = {"workflow_id": given.workflow_id, "run_id": given.run_id}
    with write():
        run, new = ScheduledRun.objects.get_or_create(schedule=row, at=moment(given.at), defaults=facts)
        if not new and run.run_id != given.run_id:
            run.workflow_id, run.run_id = given.workflow_id, given.run_id
            run.ended_at = None if run.batch_id else run.ended_at
            run.save()
    return run


def _comes_twice(row: Schedule, run: ScheduledRun) -> bool:
    """Unless somebody ordered it for this very time."""
    if row.interventions.filter(run_at=run.at).exists():
        return False
    others = row.runs.filter(at__gt=run.at - times.NEAR, at__lt=run.at + times.NEAR).exclude(pk=run.pk)
    return times.is_extra(row.cron, row.zone, run.at, list(others.values_list("at", flat=True)))


def _left_out(run: ScheduledRun, why: str) -> BegunRun:
    with write():
        ScheduledRun.objects.filter(pk=run.pk).update(cause=why, left_out=True, ended_at=timezone.now())
    return BegunRun(left_out=why)


def _begin(row: Schedule, run: ScheduledRun) -> Batch:
    known = uuid.uuid5(NAMESPACE, f"{row.uuid}/{run.at.timestamp():.0f}")
    if before := Batch.objects.filter(uuid=known).first():
        return _began(row, run, before)
    by = _in_whose_name(row)
    reference, name = reference_at(row, run.at)
    with write(nudge=False):
        ScheduledRun.objects.filter(pk=run.pk).update(file=name)
    seen = look_of(reference, str(row.spec.get("item_key") or ""))
    if seen.key_problem:
        raise BadSource(seen.key_problem)
    if row.only_new:
        _check_new(row, run, seen)
    batch = services.begin(
        spec={**row.spec, "title": _title(row, run.at), "source": _source(reference, seen)},
        by=by,
        uuid=known,
        upload=row.upload,
        known=Entry.Known.SYSTEM,
    )
    return _began(row, run, batch)


def _began(row: Schedule, run: ScheduledRun, batch: Batch) -> Batch:
    """Both ledgers say so."""
    with write():
        if ScheduledRun.objects.filter(pk=run.pk, batch=None).update(batch=batch):
            data = {"schedule": row.reference, "schedule_uuid": str(row.uuid), "at": run.at.isoformat()}
            _enter(batch.stream, "batch.scheduled", run, data)
            _enter(row.stream, "schedule.began", run, {**data, "batch": batch.reference, "uuid": str(batch.uuid)})
    return batch


def _enter(stream: str, kind: str, run: ScheduledRun, data: dict[str, str]) -> None:
    append(
        stream=stream, kind=kind, actor="system", known=Entry.Known.SYSTEM, workflow_id=run.workflow_id, data=data
    )  # fmt: skip


def _in_whose_name(row: Schedule) -> User:
    """Who ordered it last must still be somebody who may."""
    if row.deleted_at:
        raise PermissionDenied(_("The schedule was deleted, so nothing is begun."))
    if row.user is None or not is_ops(row.user):
        said = _("It runs in the name of %(who)s, who is no operator any more. Somebody of ops has to change it once: "
                 "then it runs in their name.")  # fmt: skip
        raise PermissionDenied(said % {"who": row.requester})
    return row.user


def reference_at(row: Schedule, at: datetime) -> tuple[Reference, str]:
    """The file of the run of this time, and what it is called."""
    if row.upload:
        return Reference(row.upload.uri, row.format, row.upload.sha256, row.upload.size), row.upload.name
    name = names.name_at(row.pattern, at, row.zone, row.days_before)
    return Reference(address_of(Path(row.folder) / name), row.format), name


def _source(reference: Reference, seen: Look) -> dict[str, object]:
    """The very file that was looked at: the batch refuses another one."""
    source = {"uri": reference.uri, "format": seen.format, "size": seen.size}
    return {**source, "sha256": seen.sha256} if seen.sha256 else source


def _title(row: Schedule, at: datetime) -> str:
    return f"{row.title[:180]}, {at.astimezone(ZoneInfo(row.zone)):%Y-%m-%d %H:%M}"


def _check_new(row: Schedule, run: ScheduledRun, seen: Look) -> None:
    before = row.runs.exclude(batch=None).filter(at__lt=run.at).order_by("-at").select_related("batch").first()
    if before and before.batch and seen.sha256 and before.batch.spec.get("source", {}).get("sha256") == seen.sha256:
        said = _("The file is the same as that of the run before (%(batch)s), so it was not run again. Was the new one "
                 "not delivered?")  # fmt: skip
        raise BadSource(said % {"batch": before.batch.reference})


def _failed(row: Schedule, run: ScheduledRun, cause: str) -> BegunRun:
    """Ops are told, and the run ends with this. Whoever comes second finds it written down."""
    now = timezone.now()
    with write():
        if ScheduledRun.objects.filter(pk=run.pk, cause="").update(cause=cause, ended_at=now):
            data = {"schedule": row.reference, "title": row.title, "at": run.at.isoformat(), "cause": cause}
            _enter(row.stream, "schedule.failed", run, data)
            episodes.happened(f"{FAILED}:{row.uuid}", at=now, cause=cause)
    return BegunRun(error=cause)


# --- how a run ends ---------------------------------------------------------------------------------------------


def stop(given: StopRun) -> bool:
    """Its batch is to be cancelled; that it has ended, its run is told as ever. Raises where Temporal is away."""
    row = _schedule(given.schedule)
    run = ScheduledRun.objects.filter(schedule=row, at=moment(given.at)).select_related("batch").first()
    if row is None or run is None or run.batch is None or run.batch.closed_at:
        return True
    who, why = f"schedule {row.reference}", _("The run of its schedule was cancelled, or the next one began.")
    if _is_held_back(row, run.batch, why):
        return True
    try:
        client.signal(run.batch.workflow_id, "cancel", [who, why])
    except client.NotFound:
        if not run.batch.first_run_id:
            raise  # it waits to be started, and is asked again then
    return True


def _is_held_back(row: Schedule, batch: Batch, why: str) -> bool:
    """It has not begun, for somebody has to approve it: nobody is asked any more, and it ends by that."""
    if batch.state == State.CHANGED:
        _drop(batch)
        return True
    asked = batch.releases.filter(settled_at=None).select_related("request").first()
    if asked is None:
        return False
    with suppress(client.NotFound):  # it has ended meanwhile
        client.signal(asked.request.workflow_id, "withdraw", [row.requester, why])
    return True


def _drop(batch: Batch) -> None:
    """Nobody is to be asked again for what is not to run any more."""
    with write():
        fresh = Batch.objects.select_for_update().get(pk=batch.pk)
        if fresh.state == State.CHANGED:
            decline(fresh, outcome="dropped")


def _end_others(row: Schedule, run: ScheduledRun) -> None:
    """Temporal has ended the runs before this one; their batches are ended as abruptly."""
    reason = _("The next run of the schedule %(schedule)s began.") % {"schedule": row.reference}
    others = row.runs.filter(ended_at=None, batch__closed_at=None).exclude(batch=None).exclude(pk=run.pk)
    for other in others.select_related("batch"):
        assert other.batch is not None
        if not _is_held_back(row, other.batch, reason):
            with suppress(client.NotFound):
                client.terminate(other.batch.workflow_id, reason=reason)


def tell_ended() -> int:
    """A chore of each worker: a run whose batch has ended is told so, and ends. How many were."""
    over = ScheduledRun.objects.filter(ended_at=None, batch__closed_at__isnull=False).select_related("batch")
    told = 0
    for run in over.order_by("pk")[:50]:
        assert run.batch is not None
        reason = str((run.batch.result or {}).get("reason") or "")
        try:
            client.signal(run.workflow_id, "batch_ended", [{"state": run.batch.state, "reason": reason}])
        except client.NotFound:
            pass  # somebody has ended the run itself
        except client.ClientError:
            break
        with write():
            told += ScheduledRun.objects.filter(pk=run.pk, run_id=run.run_id).update(ended_at=timezone.now())
    return told
