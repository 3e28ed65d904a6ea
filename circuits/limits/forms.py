"""What ops fill in to set or reset the limit of a queue. What was typed is kept, whatever is wrong with it."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from approvals.clicks import ClickForm
from approvals.forms import Typed
from circuits.limits import asked
from circuits.limits.numbers import rate, typed_rate
from circuits.limits.page import shown_of
from circuits.models import LimitOrder

A = LimitOrder.Action


class LimitForm(ClickForm):
    """One order of one queue."""

    rate = Typed(
        label=gettext_lazy("Activities a second, of all workers"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    beside = {"per_second": "rate", "queue": "action"}

    def __init__(self, *args: Any, queue: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.queue = queue
        if self.wanted != A.SET:
            del self.fields["rate"]
        self.name_fields()
        self.fields["rate" if "rate" in self.fields else "reason"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """In the words of whoever takes the order: the same checks, before anything is asked or done."""
        data = dict(self.cleaned_data)
        data["per_second"] = typed_rate(data.get("rate", "")) if self.wanted == A.SET else None
        if not self.errors:
            names = ("action", "reason", "per_second", "shown")
            try:
                asked.read(queue=self.queue, **{name: data[name] for name in names})
            except ValidationError as error:
                self.refuse(error)
        return data

    @property
    def stops(self) -> bool:
        return bool(self.wanted == A.SET and self.cleaned_data.get("per_second") == 0)

    @property
    def said_rate(self) -> str:
        return rate(self.cleaned_data.get("per_second"))


def fresh(queue: str, action: str) -> LimitForm:
    """A form that nobody has typed into; its id makes a double click one order."""
    return LimitForm(queue=queue, initial={"action": action, "order_id": str(uuid4()), "shown": shown_of(queue)})
