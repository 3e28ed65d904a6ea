"""What home shows: what waits for this person, what runs out soonest, their own open requests; and the system."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import access, queries, stranded
from approvals.conversation import asked_of
from approvals.rows import Row
from batches import ops as batches
from circuits import ops
from dashboard.drift import drift_now
from dashboard.templatetags.look import spelled
from dashboard.templatetags.times import lasting
from live.queries import System, system

EACH = 5


def home_for(user: Any) -> Mapping[str, Any]:
    """State only: the same for the page and for the region."""
    sight = access.sight_of(user)
    waiting = queries.waiting_for(sight, limit=EACH).rows
    count = queries.count_waiting_for(sight) if waiting else 0
    own = _others([row for row in queries.mine(sight, limit=4 * EACH).rows if row.is_open], waiting)[:EACH]
    theirs = [row for row in queries.due_soonest(sight, limit=4 * EACH) if not row.can_decide]
    soon = _others(theirs, own)[:EACH]
    needed, running = ops.for_ops(user), batches.for_ops(user)
    stuck, number_stuck = stranded.for_home(user, EACH)
    return {
        "ops": needed,
        "batches": running,
        "asked_of_you": asked_of(sight.user_id),
        "stuck": stuck,
        "number_stuck": number_stuck,
        "more_stuck": number_stuck - len(stuck),
        "waiting": waiting,
        "count": count,
        "count_said": spelled(count) if count <= queries.CAP else queries.said(count),
        "more": count - len(waiting),
        "lead": _lead_of_all(waiting, soon, own, needed, running),
        "soon": soon,
        "own": own,
        "decides": bool(sight.deciding),
    }


def _others(rows: Sequence[Row], shown: Sequence[Row]) -> Sequence[Row]:
    """No request twice on one page."""
    known = {row.pk for row in shown}
    return [row for row in rows if row.pk not in known]


def lead(waiting: Sequence[Row], soon: Sequence[Row], own: Sequence[Row]) -> str:
    """One sentence under the headline: what to begin with, or why one may be calm."""
    if first := next((row for row in waiting if row.deadline), None):
        return _("Begin with “%(title)s”: %(left)s.") % {"title": first.title, "left": _left(first.deadline)}
    if soon:
        return _("Others are deciding; what runs out soonest is below.")
    return _("What you asked for is with others.") if own else _("All is quiet.")


def _lead_of_all(
    waiting: Sequence[Row], soon: Sequence[Row], own: Sequence[Row], needed: ops.Needs | None, run: batches.Needs | None
) -> str:
    """About what the headline is about."""
    if not waiting and needed and needed.number:
        return lead_for_ops(needed)
    if not waiting and run and run.number:
        return _("Paused, standing still, or failed within a day: the page of each says why, and what can be done.")
    return lead(waiting, soon, own)


def lead_for_ops(needed: ops.Needs) -> str:
    if needed.no_worker:
        return _("Nothing is lost, and nothing moves until a worker runs.")
    if needed.number_unread and not needed.open:
        return _("Parts of what is worked on are kept in files that cannot be had. All goes on once they are back.")
    if needed.hanging and not needed.circuits and not needed.number_unread:
        return _("Their time was up, and they have not come back. Batches go on without them.")
    if needed.open:
        return _("Calls are refused. The page of each says why, who serves meanwhile, and what can be done.")
    return _("Trials are out, or about to go: the page of each says how they went.")


def _left(deadline: datetime | None) -> str:
    seconds = (deadline - timezone.now()).total_seconds() if deadline else 0.0
    # To the hour and no finer: this is compared before it is sent, and must not change each minute.
    if seconds <= 0:
        return _("its time is up")
    return (
        _("less than an hour is left")
        if seconds < 3_600
        else _("%(time)s left") % {"time": lasting(seconds // 3_600 * 3_600)}
    )


def system_now() -> Mapping[str, Any]:
    seen = system()
    return {
        "system": seen,
        "number_alive": len(seen.deciding),
        "latest": latest_beat(seen),
        "drift": drift_now(seen.as_of),
    }


def latest_beat(seen: System) -> datetime | None:
    """When a worker last said that it lives; told only when none does, or the page would change each second."""
    return None if seen.worker_alive else max((worker.at for worker in seen.workers if worker.decides), default=None)
