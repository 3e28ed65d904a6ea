"""From the rows to Temporal: starts and signals, sent again under the same id until it is known what came of them."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from approvals import judging, looking
from approvals.models import Attempt, Request, Status
from live.writes import write
from worker import client

log = logging.getLogger(__name__)

_SIGNALS = {
    Attempt.Verdict.APPROVE: "approve_step",
    Attempt.Verdict.REJECT: "reject_step",
}
_SINGLE_SIGNALS = {Attempt.Verdict.APPROVE: "approve", Attempt.Verdict.REJECT: "reject"}


# --- starting ---------------------------------------------------------------------------------------------------


def start(row: Request) -> bool:
    """Start the row's workflow. Twice is impossible: Temporal rejects the duplicate, and the row takes one run id."""
    try:
        run_id = client.start(
            row.workflow_type,
            [row.payload],
            workflow_id=row.workflow_id,
            task_queue=settings.TEMPORAL_TASK_QUEUE,
        )
    except client.ClientError as error:
        log.warning("%s is not started yet: %s", row.reference, error)
        return False
    with write():
        taken = Request.objects.filter(workflow_id=row.workflow_id, first_run_id=run_id).exists()
        if not taken:
            Request.objects.filter(pk=row.pk, first_run_id="").update(first_run_id=run_id)
    return True


def to_start() -> QuerySet[Request]:
    """What was submitted while Temporal could not be reached."""
    before = timezone.now() - timedelta(seconds=3)
    return Request.objects.filter(status=Status.NOT_STARTED, first_run_id="", created_at__lt=before).order_by("pk")


def start_pending() -> int:
    """Start what is not started. Asked every second by each worker."""
    started = 0
    for row in to_start()[:50]:
        if not start(row):
            break
        started += 1
    return started


# --- signals ----------------------------------------------------------------------------------------------------


def send(attempt: Attempt, *, again: bool = False) -> Attempt.State:
    """Send an attempt's signal, and note what is known of it. A timeout is *unknown*, never "failed".

    ``again``: a refused connection leaves it unknown, for the first sending may have arrived.
    That it was sent is not noted here but by :func:`note_sent`, once the verdict is slow to come: mostly it is there in
    a moment, and one more write to the database would only stand in its way.
    """
    try:
        _signal(attempt, attempt.request)
    except client.Unreachable:
        return _note(attempt, Attempt.State.UNKNOWN if again else Attempt.State.NOT_SENT)
    except client.NotFound:
        return _settle_closed(attempt)
    except client.ClientError as error:
        log.warning("The signal of %s is unknown, and will be sent again: %s", attempt.decision_id, error)
        return _note(attempt, Attempt.State.UNKNOWN)
    return Attempt.State.SENT


def _signal(attempt: Attempt, row: Request) -> None:
    """To the run that goes on with the request: its first, or the one that an operator's reset has made of it."""
    name, args = _signal_of(attempt, row)
    try:
        client.signal(row.workflow_id, name, args, run_id=row.first_run_id)
    except client.NotFound:
        found = client.describe(row.workflow_id)
        if found.status != "RUNNING" or found.first_run_id != row.first_run_id:
            raise
        client.signal(row.workflow_id, name, args, run_id=found.run_id)


def note_sent(attempt: Attempt) -> None:
    """Its signal has arrived, its verdict has not come yet: it is not to be sent again for a while."""
    _note(attempt, Attempt.State.SENT)


def _signal_of(attempt: Attempt, row: Request) -> tuple[str, list[str]]:
    verdict = Attempt.Verdict(attempt.verdict)
    who, said, key = attempt.username, attempt.comment, attempt.decision_id
    if verdict == Attempt.Verdict.RETRY:
        return "retry_action", [who, key]
    if verdict in (Attempt.Verdict.WITHDRAW, Attempt.Verdict.GIVE_UP):
        return verdict.value, [who, said, key]
    first, second = (who, said) if verdict == Attempt.Verdict.APPROVE else (said, who)
    if row.workflow_type == "ApprovalWorkflow":
        return _SINGLE_SIGNALS[verdict], [first, second, key, attempt.shown]
    return _SIGNALS[verdict], [attempt.level, first, second, key, attempt.shown]


def _note(attempt: Attempt, state: Attempt.State) -> Attempt.State:
    """Compare and set: the recording activity may have settled it already, and its word stands."""
    with write():
        Attempt.objects.filter(pk=attempt.pk, settled_at__isnull=True).update(
            state=state, sent_at=timezone.now(), tries=F("tries") + 1
        )
    return state


def _settle_closed(attempt: Attempt) -> Attempt.State:
    """The workflow has ended, so nobody else will answer: the one settlement outside the recording activity.

    If it has ended without saying so to the index, the row is put right first, which settles the attempt too.
    """
    looking.settle(attempt.request)
    with write():
        row = Request.objects.select_for_update().get(pk=attempt.request_id)
        fresh = Attempt.objects.get(pk=attempt.pk)
        if fresh.settled_at:
            return Attempt.State(fresh.state)
        case = judging.Case(row, "closed", None, 0.0)
        judging.settle(fresh, case, judging.closed_refusal(fresh, case))
    return Attempt.State.REFUSED


def to_send() -> QuerySet[Attempt]:
    """What is not known to have arrived."""
    now = timezone.now()
    due = Q(state=Attempt.State.MADE, made_at__lt=now - timedelta(seconds=5)) | Q(
        state=Attempt.State.UNKNOWN, sent_at__lt=now - timedelta(seconds=3)
    )
    lost = Q(state=Attempt.State.SENT, tries__lt=5, sent_at__lt=now - timedelta(minutes=2))
    return Attempt.objects.filter(due | lost).select_related("request").order_by("made_at")


def send_unsettled() -> int:
    """Send it again, under the same decision ids. Asked every second by each worker."""
    sent = 0
    for attempt in to_send()[:50]:
        state = send(attempt, again=True)
        if state == Attempt.State.UNKNOWN:
            break
        if state == Attempt.State.SENT:
            note_sent(attempt)
        sent += 1
    return sent
