"""What became of one's own order of a schedule, in words."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from batches.models import Batch, Intervention, Schedule

A = Intervention.Action


@dataclass(frozen=True)
class Receipt:
    """``state``: "recorded", "recording" (safe to leave) or "refused"."""

    state: str
    words: str
    order_id: str = ""
    batch: Batch | None = None


def receipt_of(made: Intervention) -> Receipt:
    found = _receipt(made)
    return replace(found, order_id=made.order_id)


def _receipt(made: Intervention) -> Receipt:
    if made.action == A.RUN:
        return _of_run(made)
    if not made.schedule.sent:
        return Receipt("recording", _("Temporal has not heard of it yet. It is kept, and sent again by itself."))
    return Receipt("recorded", _done(made.action))


def _done(action: str) -> str:
    return {
        A.CREATE: _("It runs by the clock from now on."),
        A.CHANGE: _("From now on it runs as it says below."),
        A.PAUSE: _("Nothing is begun until it is resumed; what runs goes on."),
        A.RESUME: _("It runs again at its next time."),
        A.PUT_BACK: _("Temporal has it as it was ordered here."),
        A.DELETE: _("Nothing is begun any more; what runs goes on."),
    }.get(A(action), "")


def _of_run(made: Intervention) -> Receipt:
    assert made.run_at is not None
    run = made.schedule.runs.filter(at=made.run_at).select_related("batch").first()
    if run and run.batch:
        return Receipt("recorded", _("It has begun:"), batch=run.batch)
    if run and run.cause:
        return Receipt("refused", _("Nothing was begun. %(why)s") % {"why": run.cause})
    if made.why_not:
        return Receipt("refused", _why_not(made.why_not))
    if made.sent_at is None:
        return Receipt("recording", _("Temporal has not heard of it yet. It is kept, and sent again by itself."))
    if made.schedule.overlap == Schedule.Overlap.SKIP or not made.schedule.runs.filter(ended_at=None).exists():
        return Receipt("recording", _("Temporal has taken it. It begins as soon as a worker is there."))
    return Receipt("recording", _("Temporal has taken it. It begins by its rule for runs that meet, which is below."))


def _why_not(why: str) -> str:
    return {
        "overlap": _("The last run has not ended, and by its rule the new one was left out."),
        "gone": _("Somebody has deleted the schedule in Temporal, so nothing was begun. Put it back first."),
        "late": _("Temporal could not be reached for so long that it was given up: nobody would expect it now."),
    }.get(why, why)
