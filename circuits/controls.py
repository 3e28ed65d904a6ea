"""What ops can order of a circuit, as its page offers, asks and answers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from circuits.forms import OrderForm, in_force
from circuits.models import Order
from circuits.page import CircuitPage

A = Order.Action

BUTTONS: Mapping[str, Any] = {
    A.FORCE_OPEN: _("Force open"),
    A.RESET: _("Reset"),
    A.CLOSE: _("Close"),
    A.OBSERVE: _("Observe only"),
    A.DISABLE: _("Switch off"),
    A.CONFIGURE: _("Thresholds"),
}
MEANINGS: Mapping[str, Any] = {
    A.FORCE_OPEN: _("No call goes through, for a time: the service is known to be away, or must be left in peace."),
    A.RESET: _("It closes, and everything that led to opening it is forgotten; what was set for a time ends."),
    A.CLOSE: _("Calls go through again at once, without waiting for trials."),
    A.OBSERVE: _("Every call goes through, for a time; the page says when it would have opened."),
    A.DISABLE: _("Every call goes through, for a time, whatever comes of it. Nothing opens it."),
    A.CONFIGURE: _("When it opens, for how long, and how it tries again: other settings, for a time."),
}


@dataclass(frozen=True)
class Choice:
    action: str
    button: Any
    meaning: Any


@dataclass(frozen=True)
class Difference:
    """One threshold that would be another."""

    label: Any
    before: str
    after: str


@dataclass(frozen=True)
class Asking:
    """The panel of orders: which are offered, which one is filled in, and whether it is asked to be meant."""

    page: CircuitPage
    form: OrderForm | None = None
    confirming: bool = False
    judged: bool = False

    @property
    def choices(self) -> list[Choice]:
        return [Choice(action, button, MEANINGS[action]) for action, button in BUTTONS.items()]

    @property
    def chosen(self) -> Choice | None:
        action = self.form.wanted if self.form else ""
        return next((choice for choice in self.choices if choice.action == action), None)

    @property
    def until(self) -> datetime | None:
        seconds = self.form.cleaned_data.get("seconds") if self.form and self.confirming else None
        return timezone.now() + timedelta(seconds=seconds) if seconds else None

    @property
    def differences(self) -> list[Difference]:
        """What new thresholds change, in the words of the form."""
        if self.form is None:
            return []
        before = in_force(self.page.state)
        values = [(field.label, before.get(field.name, ""), str(field.value() or "")) for field in self.form.thresholds]
        return [Difference(label, old, new.strip()) for label, old, new in values if not _same(old, new)]

    @property
    def last(self) -> Mapping[str, Any] | None:
        """What was ordered last: whoever orders next should know."""
        ordered = [one for one in self.page.state.get("transitions", ()) if one["actor"] and one["kind"] != "refused"]
        return ordered[-1] if ordered else None


def _same(old: str, new: str) -> bool:
    try:
        return float(old or "nan") == float(new or "nan") or not (old or new.strip())
    except ValueError:
        return False


def is_action(name: str) -> bool:
    return name in BUTTONS
