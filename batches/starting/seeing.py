"""What somebody sees of the items before they start: how many, the first as a table, what is wrong with them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from batches.starting.origins import Origin, degraded_count, degraded_first, failed_rows, look_of
from worker.datasets.looking import Look, Problem
from worker.datasets.records import Item
from worker.datasets.references import CSV

COLUMNS = 12
SHOWN = 8


@dataclass(frozen=True)
class Seen:
    """``source`` is for the spec: the very file that was looked at. ``about`` items, exactly if ``whole``."""

    source: dict[str, Any]
    columns: tuple[str, ...]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    about: int
    whole: bool = True
    look: Look | None = None
    mark: str = ""
    key_problem: str = ""
    hint: str = ""

    @property
    def problems(self) -> Sequence[Problem]:
        return self.look.problems if self.look else ()

    @property
    def unnamed(self) -> int:
        """Bad rows beside those that are named."""
        return self.look.bad - len(self.look.problems) if self.look else 0


def see(origin: Origin, key_column: str) -> Seen:
    """Raises BadSource."""
    if origin.reference is None:
        if origin.is_degraded:
            return _degraded(origin)
        return _failed(origin) if origin.is_failed else _given(origin)
    found = look_of(origin.reference, key_column.strip())
    source = {"uri": origin.reference.uri, "format": found.format, "size": found.size}
    if found.sha256:
        source["sha256"] = found.sha256
    heads, rows = table(found.columns, found.first)
    columns = found.columns or _keys_of([item.value for item in found.first])
    return Seen(
        source, columns, heads, rows, found.about, found.whole, found, found.mark, found.key_problem, _hint(found)
    )


def _failed(origin: Origin) -> Seen:
    assert origin.follows is not None
    failed = failed_rows(origin.source)
    rows = [[failure.key, short(failure.error, 160)] for failure in failed[:SHOWN]]
    return Seen(dict(origin.source), (), [_("Item"), _("Why it failed")], rows, failed.count())


def _degraded(origin: Origin) -> Seen:
    uuid = origin.source["degraded_of"]
    rows = degraded_first(uuid, SHOWN)
    return Seen(dict(origin.source), (), [_("Item"), _("Who served it")], rows, degraded_count(uuid))


def _given(origin: Origin) -> Seen:
    first = [Item(number, str(number + 1), value) for number, value in enumerate(origin.items[:SHOWN])]
    heads, rows = table((), first)
    return Seen(dict(origin.source), _keys_of(origin.items[:SHOWN]), heads, rows, len(origin.items))


def _hint(found: Look) -> str:
    """Of a file that can be read, but perhaps not as it was meant."""
    if found.format != CSV or len(found.columns) != 1:
        return ""
    for sign, name in ((";", _("semicolons")), ("\t", _("tabs")), ("|", _("bars"))):
        if sign in found.columns[0]:
            return _("It seems to be separated by %(sign)s; only commas are read, so each row is one value.") % {
                "sign": name
            }
    return ""


# --- the table -----------------------------------------------------------------------------------------------------


def table(columns: Sequence[str], items: Sequence[Item]) -> tuple[list[str], list[list[str]]]:
    """Columns as they are named, or the keys of objects; anything else in one column. The first of too many columns."""
    names = list(columns or _keys_of([item.value for item in items]))[:COLUMNS]
    if not names:
        return [_("Item")], [[_error(item) or short(item.value)] for item in items]
    return names, [_row(item, names) for item in items]


def _row(item: Item, names: Sequence[str]) -> list[str]:
    value = item.value if isinstance(item.value, dict) else {}
    if item.error or not isinstance(item.value, dict):
        return [_error(item) or short(item.value)]
    return [short(value.get(name, "")) for name in names]


def _error(item: Item) -> str:
    return _("cannot be read: %(why)s") % {"why": item.error} if item.error else ""


def _keys_of(values: Sequence[Any]) -> tuple[str, ...]:
    """Of objects alone; in the order in which they come."""
    if not any(isinstance(value, dict) for value in values):
        return ()
    return tuple(dict.fromkeys(str(name) for value in values if isinstance(value, dict) for name in value))


def short(value: Any, most: int = 60) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[: most - 1]}…"
