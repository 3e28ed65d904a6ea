"""The form of any order: the click, why, and what the person has seen. What was typed is kept, whatever is wrong."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import Typed


class ClickForm(forms.Form):
    """``order_id`` is the click, ``shown`` the number of interventions that the person has seen."""

    action = Typed(widget=forms.HiddenInput)
    reason = Typed(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    order_id = Typed(widget=forms.HiddenInput)
    shown = Typed(widget=forms.HiddenInput)

    beside: Mapping[str, str] = {}
    """Sentences about what is named first belong to the field that is named second."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        given = self.data if self.is_bound else self.initial
        self.wanted = str(given.get("action", ""))

    def name_fields(self) -> None:
        """Once all of them are there."""
        for name, field in self.fields.items():
            field.widget.attrs["id"] = f"order-{name}"

    @property
    def carried(self) -> Iterator[tuple[str, str]]:
        """What the question whether it is meant carries unseen."""
        return ((name, str(self[name].value() or "")) for name in self.fields)

    @property
    def others(self) -> list[str]:
        """What is wrong and belongs to no field that is shown."""
        beside = [self.errors.get(name, ()) for name in ("action", "order_id", "shown", "__all__")]
        return [str(error) for errors in beside for error in errors]

    def clean_order_id(self) -> str:
        try:
            return str(UUID(str(self.cleaned_data["order_id"]).strip()))
        except ValueError:
            raise ValidationError(_("This form is damaged. Open the page again.")) from None

    def clean_shown(self) -> int | None:
        text = str(self.cleaned_data["shown"]).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

    def refuse(self, error: ValidationError) -> None:
        """Each sentence beside the field that it is about."""
        for name, said in error.message_dict.items():
            field = self.beside.get(name, name)
            self.add_error(field if field in self.fields else None, said)

    @property
    def typed_again(self) -> dict[str, Any]:
        """All that was typed but for what names the click: it may be ordered again, in view of what has happened."""
        return {name: self[name].value() for name in self.fields if name not in ("order_id", "shown")}
