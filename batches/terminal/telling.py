"""A batch as a terminal says it: in lines for people, and under stable keys for programs."""

import html
import json
from datetime import datetime
from typing import Any

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from batches import figures
from batches.models import State
from batches.page import BatchPage
from batches.release.shown import asked_of

SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")
SILENT = ("no_worker", "no_temporal", "no_answer")
"""What is told then is what was known last."""
CELLS = 20
VALUE = 4_000


def as_data(page: BatchPage) -> dict[str, Any]:
    row, said, left = page.row, page.progress, page.left_seconds
    return {
        "reference": row.reference,
        "uuid": str(row.uuid),
        "workflow_id": row.workflow_id,
        "title": row.title,
        "job": row.job,
        **(_mapreduce(page) if page.mapreduce else {}),
        "requester": row.requester,
        "state": page.state,
        "ended": row.closed_at is not None,
        "total": said["total"],
        **{name: said[name] for name in SIX},
        "rate": said.get("rate") if page.told.live else None,
        "left_seconds": [round(left.low, 1), round(left.high, 1)] if left else None,
        "max_parallel": said.get("max_parallel"),
        "pace": said.get("pace") or [],
        "why": {"cause": page.why.cause, "sentence": why_not_faster(page)} if page.why else None,
        "reason": reason(page),
        "errors": list(page.errors),
        "approval": _approval(page),
        "live": page.told.live,
        "silent": page.told.why,
        "as_of": _moment(page.told.at),
        "created_at": _moment(row.created_at),
        "begun_at": _moment(row.begun_at),
        "closed_at": _moment(row.closed_at),
    }


def _approval(page: BatchPage) -> dict[str, Any] | None:
    """None: nobody had to be asked."""
    asked = asked_of(page.row)
    if asked is None:
        return None
    request, release = asked.request, asked.release
    about = {"request": request.reference, "request_uuid": str(request.uuid), "state": release.state}
    return {**about, "level": asked.level, "cost": str(release.cost), "changes": release.changes}


def _mapreduce(page: BatchPage) -> dict[str, Any]:
    """``results`` refers to a value that is large."""
    result = page.row.result or {}
    keys = {name: result.get(name) for name in ("value", "results")} if page.state == State.COMPLETED else {}
    return {"kind": page.row.kind, "reduce": page.row.spec.get("reduce"), "phase": page.progress.get("phase"), **keys}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def why_not_faster(page: BatchPage) -> str:
    return html.unescape(strip_tags(str(page.why.sentence))) if page.why else ""


def reason(page: BatchPage) -> str:
    """Why it stands or has ended, in the words of whoever or whatever did it."""
    if page.row.closed_at:
        return str((page.row.result or {}).get("reason") or " ".join(page.errors))
    return str(page.progress.get("paused_reason") or page.progress.get("stopping_reason") or "")


# --- in lines ----------------------------------------------------------------------------------------------------


def lines(page: BatchPage) -> list[str]:
    """All of it, for whoever asks once."""
    row = page.row
    found = [f"{row.reference}  {row.title}", f"  {summary(page)}", f"  {_items(page)}"]
    named = f"{row.job}, {row.spec.get('reduce')}" if page.mapreduce else row.job
    more = {_("MapReduce") if page.mapreduce else _("Job"): named, _("Uuid"): str(row.uuid), _("For"): row.requester}
    found += [f"  {label}: {value}" for label, value in more.items() if value]
    said = (_why(page), silence(page), _value(page) if page.mapreduce else "")
    return [*found, *(f"  {each}" for each in said if each)]


def _value(page: BatchPage) -> str:
    result = page.row.result or {}
    if page.state != State.COMPLETED:
        return ""
    if result.get("results"):
        return _("Result: %(where)s") % {"where": result["results"]["uri"]}
    return _("Result: %(value)s") % {"value": json.dumps(result.get("value"), ensure_ascii=False)[:VALUE]}


def summary(page: BatchPage) -> str:
    """ "Running: 43 %, 12 items/s, 1:10 – 1:25 min left"."""
    about = [_("%(done)s %% done") % {"done": page.done}]
    about += [str(page.speed)] if page.speed else []
    about += [_("%(time)s left") % {"time": page.left}] if page.left else []
    about += [reason(page)] if reason(page) else []
    return f"{page.face.word}: {', '.join(about)}"


def _items(page: BatchPage) -> str:
    counts = ", ".join(f"{figures.digits(page.progress[name])} {name}" for name in SIX if page.progress[name])
    total = _("%(number)s items") % {"number": figures.digits(page.progress["total"])}
    return f"{total}: {counts}" if counts else total


def _why(page: BatchPage) -> str:
    said = why_not_faster(page)
    return _("Why not faster: %(why)s") % {"why": said} if said else ""


def held_back(page: BatchPage) -> str:
    """Whom it waits for before it begins; "" where nobody has to approve it any more."""
    asked = asked_of(page.row) if page.told.why == "held_back" else None
    if asked is None:
        return ""
    if page.state == State.CHANGED:
        said = _("It was approved by %(request)s and has changed since, so it has not begun: %(changes)s")
        more = _("On its page it can be asked again.")
        about = {"request": asked.request.reference, "changes": " ".join(asked.release.changes)}
        return f"{said % about} {more}"
    whom = asked.level or _("somebody who decides")
    said = _("It waits for an approval (%(request)s, by %(level)s), and begins by itself when it has that.")
    return said % {"request": asked.request.reference, "level": whom}


def silence(page: BatchPage) -> str:
    """Why this is only what was known last; "" where it answers."""
    if page.told.why == "held_back":
        return held_back(page)
    said = {
        "not_started": _("It waits for Temporal, and begins by itself as soon as that has taken it."),
        "no_worker": _("No worker runs: this is what was known last."),
        "no_temporal": _("Temporal cannot be reached: this is what was known last."),
        "no_answer": _("It does not answer just now: this is what was known last."),
        "gone": _("Its workflow does not run any more: this is what was known last."),
    }
    return said.get(page.told.why, "")


# --- in one line -------------------------------------------------------------------------------------------------


def short(page: BatchPage) -> str:
    """For a log."""
    failed = _("%(number)s failed") % {"number": figures.digits(page.progress["failed"])}
    parts = [page.row.reference, summary(page), failed if page.progress["failed"] else "", _why(page), silence(page)]
    return "  ".join(part for part in parts if part)


def drawn(page: BatchPage, width: int, *, blocks: bool) -> str:
    """With a bar, cut to the width of the terminal."""
    full, empty = ("█", "░") if blocks else ("#", "-")
    total = page.progress["total"]
    done = CELLS * page.ended // total if total else 0
    about = [f"{page.row.reference} {full * done}{empty * (CELLS - done)} {page.done} %"]
    about += [str(page.face.word)] if page.state != State.RUNNING else []
    about += [str(page.speed)] if page.speed else []
    about += [_("%(time)s left") % {"time": page.left}] if page.left else []
    failed = page.progress["failed"]
    about += [_("%(number)s failed") % {"number": figures.digits(failed)}] if failed else []
    about += [said for said in (silence(page) or why_not_faster(page) or reason(page),) if said]
    text = "  ".join(about)
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text if len(text) <= width else f"{text[: max(width - 1, 0)]}{'…' if blocks else '.'}"
