"""Batches in words: ``{{ part.name|outcome }}``, ``{{ kind|cell_word }}``, ``{{ line|event_word }}``."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approvals.words import listed
from batches import figures, maps
from batches.bars import Bar, Part
from batches.faces import face_of
from batches.happened import Line
from batches.maps import Cell
from batches.past import RateLine

register = template.Library()

_OUTCOMES: Mapping[str, Any] = {
    "succeeded": gettext_lazy("Succeeded"),
    "degraded": gettext_lazy("Degraded"),
    "failed": gettext_lazy("Failed"),
    "held": gettext_lazy("Held"),
    "running": gettext_lazy("Running"),
    "pending": gettext_lazy("Pending"),
}


@register.filter
def outcome(name: str, over: bool = False) -> str:
    """``over``: its batch has ended."""
    return _("Not run") if over and name == "pending" else str(_OUTCOMES.get(name, name))


@register.filter
def digits(number: Any) -> str:
    """With separators: 61,180."""
    return figures.digits(number or 0)


@register.filter
def bar_words(bar: Bar) -> str:
    """ "61.1 % succeeded, 6.1 % degraded and 32.8 % pending"."""
    return listed([_share(part, bar) for part in bar.parts if part.number])


def _share(part: Part, bar: Bar) -> str:
    about = {"share": figures.percent(part.number, bar.sum), "outcome": outcome(part.name, bar.over).lower()}
    return _("%(share)s %% %(outcome)s") % about


@register.filter
def pace_words(pace: Any) -> str:
    """ "at most 100 in 60 s"; "" for none."""
    each = [_limit(limit) for limit in pace or ()]
    return _("at most %(paces)s") % {"paces": listed(each)} if each else ""


def _limit(limit: Mapping[str, Any]) -> str:
    seconds = float(limit["per_seconds"])
    about = {"limit": figures.digits(limit["limit"]), "seconds": figures.digits(seconds, int(not seconds.is_integer()))}
    return _("%(limit)s in %(seconds)s s") % about


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def size(number: Any) -> str:
    """Bytes in the unit that can be read: "1.2 MB"."""
    amount = float(number or 0)
    for unit in ("B", "kB", "MB"):
        if amount < 1_000:
            return f"{figures.digits(amount, 0 if unit == 'B' or amount >= 20 else 1)} {unit}"
        amount /= 1_000
    return f"{figures.digits(amount, 1)} GB"


# --- the line ----------------------------------------------------------------------------------------------------


@register.filter
def line_words(line: RateLine) -> str:
    """For those who do not see it."""
    said = [_("At most %(speed)s") % {"speed": line.highest}]
    if line.limit:
        said.append(_("the limit is %(speed)s") % {"speed": line.limit})
    if line.chart.rests:
        number = len(line.chart.rests)
        said.append(ngettext("paused once", "paused %(number)s times", number) % {"number": number})
    return ", ".join(said)


# --- the map -----------------------------------------------------------------------------------------------------

_CELLS: Mapping[str, Any] = {
    maps.DONE: gettext_lazy("Done"),
    maps.SOME: gettext_lazy("Some items failed"),
    maps.MANY: gettext_lazy("More failed than tolerated"),
    maps.RUNNING: gettext_lazy("Running"),
    maps.LEFT: gettext_lazy("Begun, goes on later"),
    maps.HELD: gettext_lazy("Held"),
    maps.PENDING: gettext_lazy("Pending"),
}
_CELLS_OVER: Mapping[str, Any] = {maps.LEFT: gettext_lazy("Partly run"), maps.PENDING: gettext_lazy("Not run")}


@register.filter
def cell_word(kind: str, over: object = False) -> str:
    """``over``: its batch has ended, so nothing goes on."""
    return str(_CELLS_OVER.get(kind, _CELLS[kind]) if over else _CELLS[kind])


@register.filter
def cell_words(cell: Cell) -> str:
    """ "Chunks 61–63: 12 items failed"."""
    one = cell.first == cell.last
    name = _("Chunk %(n)s") % {"n": figures.digits(cell.first)}
    if not one:
        name = _("Chunks %(n)s–%(m)s") % {"n": figures.digits(cell.first), "m": figures.digits(cell.last)}
    said = [cell_word(cell.kind).lower()] if cell.kind not in (maps.SOME, maps.MANY) else []
    if cell.failed:
        said.append(
            ngettext("%(number)s item failed", "%(number)s items failed", cell.failed)
            % {"number": figures.digits(cell.failed)}
        )
    return f"{name}: {', '.join(said)}"


@register.filter
def cell_shape(kind: str) -> str:
    """One cell, for the legend."""
    return maps.piece_of(kind)


# --- what happened -----------------------------------------------------------------------------------------------

_EVENTS: Mapping[str, Any] = {
    "ordered": gettext_lazy("Ordered"),
    "begun": gettext_lazy("Begun"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Resumed"),
    "limited": gettext_lazy("New limits"),
    "retried": gettext_lazy("Failed items again"),
    "redone": gettext_lazy("Degraded items again"),
    "failing": gettext_lazy("Failing: nothing more is begun"),
    "cancelling": gettext_lazy("Cancelled: nothing more is begun"),
    "refused": gettext_lazy("Not applied"),
    "reducing": gettext_lazy("All mapped: it reduces"),
    "started_again": gettext_lazy("Started again"),
    "asked": gettext_lazy("Asked for approval"),
    "given": gettext_lazy("Approved"),
    "changed": gettext_lazy("Approved, but changed since: not begun"),
}
_ACTIONS: Mapping[str, Any] = {
    "pause": gettext_lazy("pause"),
    "resume": gettext_lazy("resume"),
    "cancel": gettext_lazy("cancel"),
    "limits": gettext_lazy("new limits"),
    "retry": gettext_lazy("failed items again"),
    "redo": gettext_lazy("degraded items again"),
}


@register.filter
def event_word(line: Line) -> str:
    if line.kind == "closed":
        return str(face_of(line.cause).word)
    return str(_EVENTS.get(line.kind, line.kind))


@register.filter
def action_word(action: str) -> str:
    return str(_ACTIONS.get(action, action))
