"""What differs between a schedule and what is ordered of it: as the ledger keeps it, and in the words of its forms."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.clock import asked
from batches.clock.page import DAYS
from batches.models import Schedule, Upload
from batches.starting.forms import StartForm
from batches.templatetags.batches import pace_words
from worker.batch_contract import read_spec

EXAMPLE: dict[str, Any] = {"title": "A run", "source": {"uri": "file:///example.csv", "format": "csv"}}
"""What a schedule's spec does not say, for it is another one each time."""
NOT_OURS = ("source", "requester", "title")
FIELDS: dict[str, Any] = {
    "title": gettext_lazy("title"),
    "kind": gettext_lazy("how often"),
    "at": gettext_lazy("time"),
    "weekdays": gettext_lazy("days of the week"),
    "cron": gettext_lazy("when"),
    "zone": gettext_lazy("time zone"),
    "overlap": gettext_lazy("when runs meet"),
    "catchup_seconds": gettext_lazy("made up for"),
    "jitter_seconds": gettext_lazy("spread"),
    "pause_on_failure": gettext_lazy("pause on failure"),
    "upload": gettext_lazy("file that was sent"),
    "folder": gettext_lazy("folder"),
    "pattern": gettext_lazy("file"),
    "format": gettext_lazy("format"),
    "days_before": gettext_lazy("days before"),
    "only_new": gettext_lazy("refuse the same file"),
    "requester": gettext_lazy("in whose name"),
}
SPEC: dict[str, Any] = {
    **{name: field.label for name, field in StartForm.base_fields.items()},
    "tolerated_failure_rate": StartForm.base_fields["tolerated"].label,
    "job_args": gettext_lazy("Arguments of the job"),
    "pace": gettext_lazy("Limits of speed"),
    "fallbacks": gettext_lazy("Rungs"),
}


class Difference(NamedTuple):
    """One thing, from what to what."""

    label: str
    before: str
    after: str


def differing(row: Schedule, after: Mapping[str, Any]) -> dict[str, Any]:
    """From what to what, by column; of the spec by its keys, and those alone that differ."""
    what = {name: [plain(getattr(row, name)), plain(after[name])] for name in FIELDS if name in after}
    if "spec" in after:
        old, new = whole(row.spec), whole(after["spec"])
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        what["spec"] = [{name: each.get(name) for name in names} for each in (old, new)]
    return {name: pair for name, pair in what.items() if pair[0] != pair[1]}


def whole(spec: Mapping[str, Any]) -> dict[str, Any]:
    """With all that it leaves to the contract: what means the same does not differ."""
    read = read_spec({**spec, **EXAMPLE}).spec
    given = asdict(read) if read else spec
    return {name: value for name, value in given.items() if name not in NOT_OURS}


def plain(value: Any) -> Any:
    if isinstance(value, Upload):
        return f"{value.name} (SHA-256 {value.sha256[:12]}…)"
    return value if isinstance(value, str | int | bool | list | dict | type(None)) else str(value)


# --- in words ---------------------------------------------------------------------------------------------------


def in_words(what: Mapping[str, Any]) -> Iterator[Difference]:
    by_days = any(name in what and what[name][1] for name in ("at", "weekdays"))
    for name, pair in what.items():
        if name == "cron" and by_days:
            continue  # it is made of these
        if name in FIELDS and isinstance(pair, list):
            yield Difference(str(FIELDS[name]), *(_said(name, value) for value in pair))
        elif name == "spec" and isinstance(pair, list) and all(isinstance(each, dict) for each in pair):
            old, new = pair
            for key in {**old, **new}:
                if old.get(key) != new.get(key):
                    yield _differs(key, old.get(key), new.get(key))


def _differs(name: str, *pair: Any) -> Difference:
    before, after = (_of_spec(name, value) for value in pair)
    if before == after:
        before, after = map(_any, pair)
    return Difference(str(SPEC.get(name, name)), before, after)


def setting(name: str, value: Any) -> tuple[str, str]:
    """A setting of a batch as its form calls it, and its value."""
    return str(SPEC.get(name, name)), _of_spec(name, value)


def _said(name: str, value: Any) -> str:
    if value in ("", [], None):
        return "–"
    return str(_WORDS[name](value)) if name in _WORDS else _any(value)


def _of_spec(name: str, value: Any) -> str:
    if value in ("", [], {}, None):
        return "–"
    if name == "tolerated_failure_rate" and isinstance(value, int | float):
        return f"{100 * value:.12g}"
    if name == "pace" and all(isinstance(each, dict) and "limit" in each for each in value):
        return pace_words(value)
    choices = getattr(StartForm.base_fields.get(name), "widget", None)
    typed = json.dumps(value) if isinstance(value, bool) else str(value)
    known = {str(each): label for each, label in getattr(choices, "choices", ())}
    return str(known.get(typed) or _any(value))


def _any(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


_WORDS: dict[str, Callable[[Any], Any]] = {
    "kind": lambda value: dict(Schedule.Kind.choices).get(value, value),
    "overlap": lambda value: dict(Schedule.Overlap.choices).get(value, value),
    "weekdays": lambda value: ", ".join(str(DAYS[day]) for day in value),
    "catchup_seconds": asked.span_typed,
    "jitter_seconds": lambda value: asked.span_typed(value) or "–",
}
