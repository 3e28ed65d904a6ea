"""The form that names a stand-in. What is wrong is said by the field; what was typed stays."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.absence import NotPossible, Wanted, check
from approvals.absence_queries import lendable
from approvals.forms import Typed
from approvals.holders import day_of
from approvals.models import Delegation, Level

LONGEST_NAME = 320


def day_field(label: Any) -> forms.DateField:
    wrong = gettext_lazy("Enter a day, for example 2027-01-31.")
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": wrong, "invalid": wrong},
    )


class AbsenceForm(forms.Form):
    levels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Levels"),
        queryset=Level.objects.none(),
        required=False,
        to_field_name="name",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": gettext_lazy("You do not hold the level %(value)s, so nobody can stand in there.")
        },
    )
    who = Typed(
        label=gettext_lazy("Who stands in"),
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    from_day = day_field(gettext_lazy("First day"))
    until_day = day_field(gettext_lazy("Last day"))
    form_id = Typed(widget=forms.HiddenInput)

    def __init__(self, delegator: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.delegator = delegator
        levels: forms.ModelMultipleChoiceField = self.fields["levels"]  # type: ignore[assignment, type-arg]
        levels.queryset = lendable(delegator)
        self.wanted: Wanted | None = None

    def clean_who(self) -> User:
        return named(self.cleaned_data["who"])

    def clean_form_id(self) -> UUID:
        try:
            return UUID(self.cleaned_data["form_id"])
        except ValueError:
            return uuid4()

    def clean(self) -> None:
        """All that is wrong at once: what could not be read is left out of it."""
        wanted = self._as_far_as_read()
        try:
            if self.errors or not self._sent_before():
                check(wanted)
        except NotPossible as found:
            self.refuse(found)
        self.wanted = None if self.errors else wanted

    def _as_far_as_read(self) -> Wanted:
        given, today = self.cleaned_data, day_of(timezone.now())
        first = given.get("from_day") or today
        last = given.get("until_day") or first
        return Wanted(self.delegator, given.get("who") or self.delegator, tuple(given.get("levels") or ()), first, last)

    def _sent_before(self) -> bool:
        """The same form again: it changes nothing, and is no mistake."""
        form_id = self.cleaned_data["form_id"]
        return Delegation.objects.filter(form_id=form_id, delegator=self.delegator).exists()

    def refuse(self, found: NotPossible) -> None:
        for field, said in found.problems.items():
            if field in self.errors:
                continue
            self.add_error(field, [ValidationError(one) for one in said])

    def focus_on_what_is_wrong(self) -> None:
        for name in self.errors:
            self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{name}_error"}
        if wrong := next((name for name in self.fields if name in self.errors), None):
            self.fields[wrong].widget.attrs["autofocus"] = True


def named(typed: str) -> User:
    """By username, or by a full name that only one person has."""
    text = " ".join(typed.split())[:LONGEST_NAME]
    if not text:
        raise ValidationError(_("Name the person who stands in."))
    if found := User.objects.filter(username__iexact=text).first():
        return found
    called = _called(text)
    if len(called) == 1:
        return called[0]
    if called:
        names = ", ".join(one.get_username() for one in called[:5])
        said = _("More than one person is called so. Enter one of their usernames: %(names)s.")
        raise ValidationError(said % {"names": names})
    raise ValidationError(_("Nobody here is called “%(name)s”. Enter a username or a full name.") % {"name": text[:80]})


def _called(text: str) -> list[User]:
    first, space, last = text.rpartition(" ")
    people = User.objects.filter(first_name__iexact=first, last_name__iexact=last, is_active=True)
    return list(people[:6]) if space else []
