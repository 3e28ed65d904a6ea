"""Strips of circuits in words: ``{{ strip|in_words }}``, ``{{ cell|cell_words:60 }}``, ``{{ seconds|span }}``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.recording import moment
from approvals.words import listed
from circuits import faces
from circuits.happened import Line
from circuits.lines import Line as RateLine
from circuits.strips import NONE, Cell, Strip, piece_of

register = template.Library()

_IN_STRIPS: Mapping[str, Any] = {**faces.WORDS, NONE: gettext_lazy("No data")}


@register.filter
def state_word(state: str) -> str:
    return str(_IN_STRIPS.get(state, state))


@register.filter
def in_words(strip: Strip) -> str:
    """ "closed 48 min, open 9 min and no data 3 min"."""
    return listed([f"{state_word(state).lower()} {span(seconds)}" for state, seconds in strip.times])


@register.filter
def span(seconds: float) -> str:
    """A length of time in seconds below a minute, then in minutes, and hours from two on."""
    if seconds < 60:
        return _("%(s)d s") % {"s": seconds}
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("%(m)d min") % {"m": minutes}
    return _("%(h)s h") % {"h": formats.number_format(minutes / 60, 0 if minutes % 60 == 0 else 1, use_l10n=True)}


@register.filter
def time_of(seconds: int) -> datetime:
    """Epoch seconds as a time, for the filters of times."""
    return moment(seconds)


@register.filter
def cell_words(cell: Cell, width: int) -> str:
    """ "12:03: open, 120 calls, 3 failed, 40 refused"."""
    begin = timezone.localtime(moment(cell.begin))
    when = formats.date_format(begin, "H:i")
    if width > 60:
        when += f"–{formats.date_format(timezone.localtime(moment(cell.begin + width)), 'H:i')}"
    said = [state_word(cell.state).lower()]
    if cell.seen:
        said.append(_("%(number)s calls") % {"number": _digits(cell.calls)})
    said += [_("%(number)s failed") % {"number": _digits(cell.failed)}] if cell.failed else []
    said += [_("%(number)s refused") % {"number": _digits(cell.refused)}] if cell.refused else []
    return f"{when}: {', '.join(said)}"


def _digits(number: int) -> str:
    return str(formats.number_format(number, use_l10n=True, force_grouping=True))


@register.filter
def shape(state: str) -> str:
    """One cell of a strip, for its legend."""
    return piece_of(state)


# --- the rate line ----------------------------------------------------------------------------------------------

_LINES: Mapping[str, Any] = {
    "ok": gettext_lazy("Went well"),
    "failed": gettext_lazy("Failed"),
    "refused": gettext_lazy("Refused"),
}


@register.filter
def line_name(kind: str) -> str:
    return str(_LINES[kind])


@register.filter
def line_words(line: RateLine) -> str:
    """ "Failed: 340 in all, at most 60 a minute, at 12:03." """
    about = {"name": line_name(line.kind), "total": _digits(line.total), "most": _digits(line.most)}
    if not line.total:
        return _("%(name)s: none.") % about
    at = formats.date_format(timezone.localtime(moment(line.most_at)), "H:i")
    return _("%(name)s: %(total)s in all, at most %(most)s a minute, at %(at)s.") % {**about, "at": at}


# --- what happened ----------------------------------------------------------------------------------------------

_CAUSES: Mapping[str, Any] = {
    "time": gettext_lazy("Its time was over: trials may go out"),
    "expired": gettext_lazy("What was set for a time has ended"),
    "probes_ok": gettext_lazy("Trials went well"),
    "probe_failed": gettext_lazy("A trial failed"),
    "override": gettext_lazy("By order"),
    "reset": gettext_lazy("Reset"),
    "order": gettext_lazy("By order"),
}


@register.filter
def cause_words(event: Line) -> str:
    """The reason that somebody or the machine gave; where there is none, what its cause means."""
    if event.kind == "refused":
        return _("Somebody else was first. It was: %(reason)s") % {"reason": event.reason or event.cause}
    if event.number_of_trials > 1:
        return _("%(number)s trials failed, the last:") % {"number": _digits(event.number_of_trials)}
    if event.kind == "configured" and not event.actor and not event.reason:
        return _("From the registry, or from a program")
    return event.reason[:1].upper() + event.reason[1:] if event.reason else str(_CAUSES.get(event.cause, event.cause))
