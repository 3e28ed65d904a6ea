"""What ops fill in to order something of a circuit. What was typed is kept, whatever is wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.clicks import ClickForm
from approvals.forms import Typed
from circuits import asked
from circuits.models import Order

SPANS = (
    ("900", gettext_lazy("15 minutes")),
    ("3600", gettext_lazy("1 hour")),
    ("14400", gettext_lazy("4 hours")),
    ("86400", gettext_lazy("24 hours")),
)
OWN = "own"
SHARES = ("failure_rate", "slow_rate")
"""Typed in percent, ordered from 0 to 1."""


def _number(label: Any, least: float, most: float, *, whole: bool = False, required: bool = True) -> forms.Field:
    kind: Any = forms.IntegerField if whole else forms.FloatField
    widget = forms.TextInput(attrs={"inputmode": "numeric" if whole else "decimal", "autocomplete": "off"})
    field: forms.Field = kind(label=label, min_value=least, max_value=most, required=required, widget=widget)
    return field


class OrderForm(ClickForm):
    """One order of a circuit."""

    span = Typed(
        label=gettext_lazy("For how long"), widget=forms.Select(choices=[*SPANS, (OWN, gettext_lazy("other"))])
    )
    minutes = Typed(
        label=gettext_lazy("Minutes"), widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    beside = {"seconds": "span"}

    def __init__(self, *args: Any, service: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.service = service
        if self.wanted == Order.Action.CONFIGURE:
            self.fields.update(_thresholds())
        self.name_fields()

    @property
    def lasts(self) -> bool:
        return self.wanted in asked.LASTING

    @property
    def thresholds(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name in THRESHOLDS)

    def clean(self) -> dict[str, Any]:
        """In the words of whoever takes the order: the same checks, before anything is asked or done."""
        data = dict(self.cleaned_data)
        data["seconds"] = self._seconds() if self.lasts else None
        data["config"] = self._config() if self.wanted == Order.Action.CONFIGURE else None
        if not self.errors:
            self._ask(data)
        return data

    def _ask(self, data: Mapping[str, Any]) -> None:
        names = ("action", "reason", "seconds", "config", "shown")
        try:
            asked.read(service=self.service, **{name: data[name] for name in names})
        except ValidationError as error:
            self.refuse(error)

    def _seconds(self) -> float | None:
        span, minutes = (str(self.cleaned_data.get(name, "")).strip() for name in ("span", "minutes"))
        if span != OWN:
            return float(span) if span in dict(SPANS) else None
        try:
            seconds = 60 * float(minutes.replace(",", "."))
        except ValueError:
            seconds = float("nan")
        if not asked.MIN_SECONDS <= seconds <= asked.MAX_SECONDS:
            self.add_error("minutes", _("Give a number of minutes from 1 to 10,080, which is seven days."))
        return seconds

    def _config(self) -> dict[str, Any]:
        given: dict[str, Any] = {name: self.cleaned_data[name] for name in THRESHOLDS if name in self.cleaned_data}
        for name in SHARES:
            given[name] = None if given.get(name) is None else given[name] / 100
        if given.get("slow_rate") and not given.get("slow_seconds"):
            self.add_error("slow_seconds", _("Say from how many seconds on a call is slow."))
        return given


def _thresholds() -> dict[str, forms.Field]:
    """Fields of a form of its own: a bound field belongs to one form."""
    return {
        "failure_threshold": _number(_("Failures in a row that open it"), 1, 100_000, whole=True),
        "timeout_seconds": _number(_("Seconds that it stays open"), 0.1, 604_800),
        "half_open_attempts": _number(_("Good trials that close it"), 1, 100, whole=True),
        "probe_lease_seconds": _number(_("Seconds that a trial may take"), 0.1, 604_800),
        "failure_rate": _number(_("% failed that opens it"), 0.1, 100, required=False),
        "slow_rate": _number(_("% slow that opens it"), 0.1, 100, required=False),
        "slow_seconds": _number(_("Seconds from which a call is slow"), 0.001, 604_800, required=False),
        "window_seconds": _number(_("Seconds that shares are about"), 1, 86_400),
        "minimum_calls": _number(_("Calls before a share counts"), 1, 1_000_000, whole=True),
    }


THRESHOLDS = tuple(_thresholds())


def fresh(service: str, action: str, state: Mapping[str, Any] | None) -> OrderForm:
    """A form that nobody has typed into; its id makes a double click one order."""
    seen = state["interventions"] if state else ""
    initial = {"action": action, "order_id": str(uuid4()), "shown": seen, "span": "3600"}
    if action == Order.Action.CONFIGURE:
        initial |= in_force(state)
    return OrderForm(service=service, initial=initial)


def in_force(state: Mapping[str, Any] | None) -> dict[str, str]:
    """The thresholds as the form shows them; of a circuit that has not begun, nothing."""
    config: Mapping[str, Any] = state["config"] if state else {}
    return {name: _typed(name, config.get(name)) for name in THRESHOLDS}


def _typed(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{100 * value if name in SHARES else value:.10g}"
