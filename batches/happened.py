"""What happened to a batch, and who ordered it, for its page: the latest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User

from approvals.models import Step
from batches.models import Batch, Event, Release, State

ORDERED, CLOSED, FOLLOWED, ASKED = "ordered", "closed", "started_again", "asked"


@dataclass(frozen=True)
class Line:
    """``known``: "signed_in", "program", or "" where nobody is named. ``action``: what an order wanted."""

    at: datetime
    kind: str
    cause: str = ""
    reason: str = ""
    what: str = ""
    actor: str = ""
    known: str = ""
    action: str = ""
    name: str = ""
    """The full name of who is signed in, where there is one."""
    other: Batch | None = None
    """The batch that was started again from this one."""


def lines(
    row: Batch, events: Sequence[Event], followers: Sequence[Batch], releases: Sequence[Release] = ()
) -> list[Line]:
    """``events``: the latest first; what stands in rows of their own comes where its time puts it."""
    found = [_event(event) for event in events]
    if row.closed_at:
        result = row.result or {}
        why, by = str(result.get("reason") or ""), _canceller(row, events)
        actor, known = (by.actor, by.known) if by else (str(result.get("by") or ""), str(result.get("known") or ""))
        found.append(Line(row.closed_at, CLOSED, cause=row.state, reason=why, actor=actor, known=known))
    if row.user:
        found.append(Line(row.created_at, ORDERED, actor=row.user.get_username(), known=row.known))
    found += [_follower(one) for one in followers]
    found += [line for release in releases for line in _release(release, row)]
    return sorted(_named(found), key=lambda line: line.at, reverse=True)


def _canceller(row: Batch, events: Sequence[Event]) -> Event | None:
    """It did not end by itself where somebody cancelled it."""
    return next((one for one in events if one.kind == "cancelling"), None) if row.state == State.CANCELLED else None


def _named(lines: Sequence[Line]) -> list[Line]:
    """One read for all of them."""
    signed_in = {line.actor for line in lines if line.known == "signed_in"}
    names = {user.username: user.get_full_name() for user in User.objects.filter(username__in=signed_in)}
    return [replace(line, name=names.get(line.actor, "")) if line.actor in signed_in else line for line in lines]


def _event(event: Event) -> Line:
    return Line(
        event.at, event.kind, event.cause, event.reason, event.what, event.actor, event.known, event.action
    )  # fmt: skip


def _release(release: Release, row: Batch) -> list[Line]:
    """That it was asked, and what became of that; where it was not approved the batch's end says so."""
    request = release.request
    asked = Line(
        release.asked_at,
        ASKED,
        reason=" ".join(release.reasons),
        what=request.reference,
        actor=request.requester_name,
        known=row.known,
    )
    if release.settled_at is None or release.state == Release.State.REFUSED:
        return [asked]
    step = request.steps.filter(state=Step.State.APPROVED).order_by("index").last()
    actor, known = (step.decided_by_name, step.known_by) if step else ("", "")
    said = Line(release.settled_at, release.state, reason=" ".join(release.changes), what=request.reference)
    return [asked, replace(said, actor=actor, known=known)]


def _follower(batch: Batch) -> Line:
    actor = batch.user.get_username() if batch.user else batch.requester
    return Line(
        batch.created_at, FOLLOWED, actor=actor, known=batch.known if batch.user else "program", other=batch
    )  # fmt: skip
