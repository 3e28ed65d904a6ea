"""Who serves where the job does not, and what an open circuit does, in the form of a new batch: a row for each rung."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import Typed
from batches.paces import as_typed, choice_field, number_field, number_typed
from worker.batch_rungs import FAIL, FALLBACK, HOLD, MOST_RUNGS

ROWS = 2
"""Rungs that a form offers where fewer are filled in; one more than are, while there may be more."""
NAMES = ("name", "job", "job_args", "timeout_seconds", "attempts", "service")
ABOUT = ("on_open", "hold_seconds")
Choices = list[tuple[str, Any]]


class WithRungs(forms.Form):
    """A form that has fields for rungs, once :meth:`add_rungs` was called."""

    rows: range = range(0)
    on_open = choice_field(
        gettext_lazy("While the circuit is open"),
        (FALLBACK, gettext_lazy("the next rung serves; held if none")),
        (HOLD, gettext_lazy("the next rung serves; held if all fail")),
        (FAIL, gettext_lazy("items fail at once")),
    )
    hold_seconds = number_field(gettext_lazy("Seconds that an item is held at most"))

    def add_rungs(self, given: Mapping[str, Any], jobs: Choices, services: Choices) -> None:
        found = (re.fullmatch(r"rung-([0-4])-(?:name|job|job_args)", name) for name in given if given[name])
        filled = [int(each[1]) for each in found if each]
        self.rows = range(min(MOST_RUNGS, max([ROWS, *(row + 2 for row in filled)])))
        for row in self.rows:
            self._add_rung(row, [("", _("nobody")), *jobs], [("", _("none that is watched")), *services])

    def _add_rung(self, row: int, jobs: Choices, services: Choices) -> None:
        plain = {"autocomplete": "off", "spellcheck": "false"}
        for name, field in {
            "name": Typed(label=_("Name of the rung"), widget=forms.TextInput(attrs=plain)),
            "job": Typed(label=_("Job that serves instead"), widget=forms.Select(choices=jobs)),
            "job_args": Typed(label=_("Its arguments, as JSON"), widget=forms.TextInput(attrs=plain)),
            "timeout_seconds": number_field(_("Seconds for one try")),
            "attempts": number_field(_("Tries")),
            "service": Typed(label=_("Through the circuit"), widget=forms.Select(choices=services)),
        }.items():
            self.fields[f"rung-{row}-{name}"] = field

    # --- for the page ----------------------------------------------------------------------------------------------

    @property
    def rungs(self) -> list[list[forms.BoundField]]:
        return [[self[f"rung-{row}-{name}"] for name in NAMES] for row in self.rows]

    @property
    def rungs_are_needed(self) -> bool:
        """Something in there is wrong, or was said."""
        names = [name for name in self.fields if name.startswith("rung-") or name in ABOUT]
        begins = {"on_open": FALLBACK, "hold_seconds": "3600"}
        return any(
            name in self.errors or str(self[name].value() or "").strip() not in ("", begins.get(name, ""))
            for name in names
        )

    # --- read ------------------------------------------------------------------------------------------------------

    def rungs_in(self, typed: Mapping[str, str]) -> dict[str, Any]:
        """As the contract has them, whatever they are."""
        rungs = [self._rung(typed, row) for row in self._filled(typed)]
        said: dict[str, Any] = {"fallbacks": rungs, "on_open": typed["on_open"] or FALLBACK}
        seconds = number_typed(typed["hold_seconds"])
        return said if seconds is None else {**said, "hold_seconds": seconds}

    def _filled(self, typed: Mapping[str, str]) -> list[int]:
        return [row for row in self.rows if any(typed[f"rung-{row}-{name}"] for name in NAMES)]

    def _rung(self, typed: Mapping[str, str], row: int) -> dict[str, Any]:
        rung: dict[str, Any] = {name: typed[f"rung-{row}-{name}"] or None for name in ("name", "job", "service")}
        for name in ("timeout_seconds", "attempts"):
            rung[name] = number_typed(typed[f"rung-{row}-{name}"])
        if args := typed[f"rung-{row}-job_args"]:
            try:
                rung["job_args"] = json.loads(args)
            except (ValueError, RecursionError):
                said = _('This is no JSON. Write an object, such as {"url": "https://…"}.')
                self.add_error(f"rung-{row}-job_args", said)
        return rung

    def refuse_rungs(self, said: str) -> None:
        """What the contract's reader says of a rung, beside the field that it is about."""
        typed = {name: str(self.cleaned_data.get(name) or "").strip() for name in self.fields}
        filled = self._filled(typed) or [0]
        words = said.removeprefix("fallbacks: ")
        if found := re.fullmatch(r"number (\d+): (\w+) (.*)", words, re.DOTALL):
            row, name = filled[int(found[1]) - 1], found[2]
            if name in NAMES:
                label = self.fields[f"rung-{row}-{name}"].label
                self.add_error(f"rung-{row}-{name}", f"{label}: {found[3]}")
                return
        named = [row for row in filled if repr(typed[f"rung-{row}-name"]) in words]
        self.add_error(f"rung-{(named or filled)[-1]}-name", words)


def filled_rungs(spec: Mapping[str, Any]) -> dict[str, str]:
    """A spec's rungs as the fields show them."""
    fields: dict[str, str] = {}
    for row, rung in enumerate(spec.get("fallbacks") or ()):
        for name in NAMES:
            value = rung.get(name)
            if name == "job_args":
                value = json.dumps(value, ensure_ascii=False) if value else None
            fields |= {} if value is None else {f"rung-{row}-{name}": as_typed(value)}
    return fields
