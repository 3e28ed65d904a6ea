"""Limits of speed in a form: several beside each other, for a batch that is started and for one that runs."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from approvals.forms import Typed
from worker.batch_contract import read_pace
from worker.resilience.pace import SLIDING_WINDOW, TOKEN_BUCKET

PACES = 3
"""Limits that a form offers beside each other."""
NAMES = ("limit", "per_seconds", "kind", "burst")
SPANS = {"pace-0-per_seconds": "1", "pace-1-per_seconds": "60", "pace-2-per_seconds": "3600"}
"""Seconds that an empty form begins with."""


def number_field(label: Any) -> Typed:
    return Typed(label=label, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))


def choice_field(label: Any, *choices: tuple[str, Any]) -> Typed:
    return Typed(label=label, widget=forms.Select(choices=choices))


class WithPaces(forms.Form):
    """A form that has fields for limits, once :meth:`add_paces` was called."""

    places: range = range(0)

    def add_paces(self, given: Mapping[str, Any], least: int = PACES) -> None:
        filled = [int(found[1]) for name in given if (found := re.fullmatch(r"pace-([0-4])-limit", name))]
        self.places = range(max([least, *(place + 1 for place in filled)]))
        for place in self.places:
            self.fields[f"pace-{place}-limit"] = number_field(_("Items at most"))
            self.fields[f"pace-{place}-per_seconds"] = number_field(_("in seconds"))
            self.fields[f"pace-{place}-kind"] = choice_field(
                _("counted"),
                (TOKEN_BUCKET, _("on average")),
                (SLIDING_WINDOW, _("in any such span")),
            )
            self.fields[f"pace-{place}-burst"] = number_field(_("in one go"))

    @property
    def paces(self) -> list[list[forms.BoundField]]:
        return [[self[f"pace-{place}-{name}"] for name in NAMES] for place in self.places]

    def limits_in(self, typed: Mapping[str, str]) -> list[dict[str, Any]]:
        """As the contract has them, whatever they are. A number that would mean nothing is refused, not dropped."""
        for place in self.places:
            if typed[f"pace-{place}-burst"] and typed[f"pace-{place}-kind"] == SLIDING_WINDOW:
                said = _("Only what is counted on average has this: leave it empty.")
                self.add_error(f"pace-{place}-burst", said)
        return [limit for place in self.places if (limit := _limit(typed, place))]

    def refuse_pace(self, said: str) -> None:
        """What the contract's reader says of a limit, in the words of the form, beside the field that it is about."""
        typed = {name: str(self.cleaned_data.get(name) or "").strip() for name in self.fields}
        places = [place for place in self.places if (one := _limit(typed, place)) and said in read_pace(one)[1]]
        words = said.removeprefix("pace: ")
        name, _space, rest = words.partition(" ")
        if words.startswith("limit and per_seconds "):
            name, rest = "limit", _("Give both: items at most, and in how many seconds.")
        for place in places or self.places[:1]:
            self.add_error(f"pace-{place}-{name if name in NAMES else 'limit'}", rest if name in NAMES else words)


def _limit(typed: Mapping[str, str], place: int) -> dict[str, Any]:
    """Empty where no limit is typed: seconds alone are none."""
    limit = {name: number_typed(typed[f"pace-{place}-{name}"]) for name in ("limit", "per_seconds", "burst")}
    if limit["limit"] is None and limit["burst"] is None:
        return {}
    return {"kind": typed[f"pace-{place}-kind"] or TOKEN_BUCKET, **limit}


def number_typed(text: str) -> Any:
    """A number where it is one; else as it was typed, for the reader to refuse."""
    if not text:
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,15}\.[0-9]{1,15}", text) else text


def filled_paces(limits: Any) -> dict[str, str]:
    """Limits as the fields show them."""
    fields: dict[str, str] = {}
    for place, limit in enumerate(limits or ()):
        fields |= {f"pace-{place}-{name}": as_typed(limit[name]) for name in limit if limit[name] is not None}
    return fields


def as_typed(value: int | float | str) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"
