"""The form above the inbox: what was typed stays as it was typed, and what cannot be used is said in a sentence."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import asking, searched
from approvals.asking import Asked
from approvals.models import Status
from approvals.rows import kind_titles, level_titles


class FilterForm(forms.Form):
    """Every field may be empty; a wrong one is left out, and the others hold."""

    q = forms.CharField(required=False, label=gettext_lazy("Search"))
    state = forms.ChoiceField(required=False, label=gettext_lazy("State"))
    level = forms.ChoiceField(required=False, label=gettext_lazy("Level"))
    kind = forms.ChoiceField(required=False, label=gettext_lazy("Kind"))
    requester = forms.CharField(required=False, label=gettext_lazy("Requester"))
    amount_from = forms.CharField(required=False, label=gettext_lazy("Amount from"))
    amount_to = forms.CharField(required=False, label=gettext_lazy("Amount to"))
    due_before = forms.CharField(
        required=False, label=gettext_lazy("Due before"), widget=forms.TextInput({"type": "date"})
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        states = [("late", _("Late")), *Status.choices]
        levels = [(name, title) for name, title in level_titles().items() if name]
        self._choose("state", states)
        self._choose("level", levels)
        self._choose("kind", list(kind_titles().items()))

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("any")), *choices]
        field.error_messages["invalid_choice"] = _("“%(value)s” is not one of these, so it was left out.")

    def clean_amount_from(self) -> str:
        return self._amount("amount_from")

    def clean_amount_to(self) -> str:
        return self._amount("amount_to")

    def _amount(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        if text and asking.amount(text) is None:
            raise forms.ValidationError(
                _("“%(value)s” is not an amount, so it was left out. Write it like 1200.50."),
                params={"value": text[:50]},
            )
        return text

    def clean_due_before(self) -> str:
        text = str(self.cleaned_data["due_before"])
        if text and asking.day(text) is None:
            raise forms.ValidationError(
                _("“%(value)s” is not a day, so it was left out. Write it like 2026-05-31."),
                params={"value": text[:50]},
            )
        return text

    @property
    def notes(self) -> list[str]:
        """What is to be said of the search, and of amounts that exclude each other."""
        found = []
        typed = " ".join(str(self.data.get("q", "")).split())
        if typed and not searched.words(typed[: asking.LONGEST["q"]]):
            found.append(_("There is no letter and no digit to search for, so everything is shown."))
        elif len(typed) > asking.LONGEST["q"]:
            found.append(_("That is long: only its first %(count)d characters were searched for.") % asking_length())
        low, high = (asking.amount(str(self.cleaned_data.get(name, ""))) for name in ("amount_from", "amount_to"))
        if low is not None and high is not None and low > high:
            found.append(
                _("No amount is from %(low)s to %(high)s: the first is the larger one.") % {"low": low, "high": high}
            )
        return found


def asking_length() -> dict[str, int]:
    return {"count": asking.LONGEST["q"]}


def asked_of(given: QueryDict) -> tuple[Asked, FilterForm]:
    """What an address asks for, and the form as it was filled in."""
    form = FilterForm(given)
    form.is_valid()
    usable = {name: value for name, value in given.items() if name not in form.errors}
    asked = asking.read(usable)
    if not searched.words(asked.q):
        usable["q"] = ""
    if not searched.words(asked.requester):
        usable["requester"] = ""
    return asking.read(usable), form
