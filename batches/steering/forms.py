"""What ops fill in to order something of a batch. What was typed is kept, whatever is wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from approvals.clicks import ClickForm
from approvals.forms import Typed
from batches.figures import digits
from batches.models import Batch, Order
from batches.paces import SPANS, WithPaces, as_typed, filled_paces, number_field, number_typed
from batches.steering import asked
from worker.batch_contract import read_limits

A = Order.Action
MOST_GROUPS = 50


class OrderForm(ClickForm, WithPaces):
    """One order of a batch. ``in_force``: its limits as it tells them."""

    def __init__(self, *args: Any, batch: Batch, in_force: Mapping[str, Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self.batch, self.in_force = batch, in_force
        if self.wanted == A.LIMITS:
            self.fields["max_parallel"] = number_field(_("Chunks at once"))
            self.add_paces(self.data if self.is_bound else self.initial)
        if self.wanted == A.RETRY:
            self.fields["group"] = Typed(label=_("Which"), widget=forms.Select(choices=self._groups()))
            self.fields["sample"] = number_field(_("Only so many first"))
        if self.wanted == A.REDO:
            self.fields["group"] = Typed(label=_("Which"), widget=forms.Select(choices=self._rungs()))
            self.fields["sample"] = number_field(_("Only so many first"))
        self.name_fields()
        first = next((name for name in ("max_parallel", "group") if name in self.fields), "reason")
        self.fields[first].widget.attrs["autofocus"] = True

    @property
    def needs_a_reason(self) -> bool:
        return self.wanted in asked.WITH_A_REASON

    @property
    def limits(self) -> Iterator[tuple[str, str, str]]:
        """Field, what is in force, what would be: of what is typed."""
        before = typed_limits(self.in_force)
        for name in self.fields:
            if name == "max_parallel" or name.startswith("pace-"):
                yield name, before.get(name, ""), str(self[name].value() or "").strip()

    def _groups(self) -> list[tuple[str, str]]:
        """All, or the failures of one kind; the one that a link meant, though it be small."""
        rows = list(self.batch.groups.filter(number__gt=0).order_by("-number", "pk")[:MOST_GROUPS])
        meant = str((self.data if self.is_bound else self.initial).get("group") or "")
        if meant and all(row.fingerprint != meant for row in rows):
            rows += self.batch.groups.filter(fingerprint=meant[:16], number__gt=0)
        named = [(row.fingerprint, f"{digits(row.number)} × {row.words[:100]}") for row in rows]
        return [("", _("all that have failed")), *named]

    def _rungs(self) -> list[tuple[str, str]]:
        """All, or those that one of them served."""
        served = (self.in_force.get("rungs") or {}).items()
        named = [(name, f"{digits(number)} × {name}") for name, number in sorted(served) if number]
        return [("", _("all that another served")), *named]

    # --- read ------------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """In the words of whoever takes the order: the same checks, before anything is asked or done."""
        data = dict(self.cleaned_data)
        data["wanted"] = self._wanted()
        if not self.errors:
            names = ("action", "reason", "wanted", "shown")
            try:
                asked.read(batch=self.batch, **{name: data[name] for name in names})
            except ValidationError as error:
                self.refuse(error)
        return data

    def _wanted(self) -> dict[str, Any]:
        typed = {name: str(self.cleaned_data.get(name) or "").strip() for name in self.fields}
        if self.wanted == A.LIMITS:
            return self._limits(typed)
        if self.wanted in (A.RETRY, A.REDO):
            sample = number_typed(typed["sample"])
            if typed["sample"] and (not isinstance(sample, int) or sample < 1):
                sample = -1  # refused beside its field
            return {"group": typed["group"], "sample": sample or 0}
        return {}

    def _limits(self, typed: Mapping[str, str]) -> dict[str, Any]:
        """What is typed otherwise than it is in force: the rest stays as it is, whatever it is by then."""
        found: dict[str, Any] = {}
        parallel = number_typed(typed["max_parallel"])
        if parallel is None:
            self.add_error("max_parallel", _("Give a number from 1 to 500."))
        elif parallel != self.in_force.get("max_parallel"):
            found["max_parallel"] = parallel
        pace = self.limits_in(typed)
        limits, _errors = read_limits({"pace": pace})
        before, _none = read_limits({"pace": self.in_force.get("pace") or []})
        if limits is None or before is None or limits.pace != before.pace:
            found["pace"] = pace
        return found

    def refuse(self, error: ValidationError) -> None:
        """Sentences about limits each beside the field that it is about."""
        told = dict(error.message_dict)
        for said in told.pop("limits", ()):
            if said.startswith("pace: "):
                self.refuse_pace(said)
            elif said.startswith("max_parallel "):
                self.add_error("max_parallel", f"{_('Chunks at once')} {said.removeprefix('max_parallel ')}")
            else:
                self.add_error(None, said)
        super().refuse(ValidationError(told))


def typed_limits(in_force: Mapping[str, Any]) -> dict[str, str]:
    """As the form shows them."""
    parallel = in_force.get("max_parallel")
    filled = filled_paces(in_force.get("pace"))
    return {**SPANS, **filled, "max_parallel": "" if parallel is None else as_typed(parallel)}


def fresh(batch: Batch, action: str, in_force: Mapping[str, Any], given: Mapping[str, str] | None = None) -> OrderForm:
    """A form that nobody has typed into; its id makes a double click one order. ``given``: what a link means."""
    initial: dict[str, Any] = {"action": action, "order_id": str(uuid4()), "shown": in_force.get("interventions", "")}
    if action == A.LIMITS:
        initial |= typed_limits(in_force)
    if action in (A.RETRY, A.REDO):
        initial |= {name: (given or {}).get(name, "")[:20] for name in ("group", "sample")}
    return OrderForm(initial=initial, batch=batch, in_force=in_force)
