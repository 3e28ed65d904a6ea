"""What the forms that begin something have in common; and those over chosen items: which column names one, and more."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import inputs
from approvals.forms import Typed
from batches.paces import choice_field, number_field, number_typed
from batches.starting.jobs import JobFields, fields_of
from worker.batch_contract import FAIL, PAUSE
from worker.registry import Callables


class BeginForm(forms.Form):
    """``form_id`` becomes the uuid of what is begun."""

    BEGIN: Mapping[str, str] = {}
    """What the form begins with."""
    BESIDE: Mapping[str, str] = {}
    """Sentences about what is named first, as the contract has it, belong to the field that is named second."""
    NO_TITLE = gettext_lazy("Give the batch a title.")

    title = Typed(label=gettext_lazy("Title"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    form_id = Typed(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if not self.is_bound:
            self.initial = {**self.BEGIN, "form_id": str(uuid4()), **self.initial}

    @property
    def given(self) -> Mapping[str, Any]:
        """What was sent, or what it begins with."""
        return self.data if self.is_bound else self.initial

    @property
    def typed(self) -> dict[str, str]:
        return {name: str(self.cleaned_data.get(name) or "").strip() for name in self.fields}

    @property
    def others(self) -> list[str]:
        """What is wrong and belongs to no field that is shown."""
        beside = [self.errors.get(name, ()) for name in ("form_id", "seen", "__all__")]
        return [str(error) for errors in beside for error in errors]

    def focus_on_what_is_wrong(self) -> None:
        if wrong := next((name for name in self.fields if name in self.errors), None):
            self.fields[wrong].widget.attrs["autofocus"] = True

    def clean_title(self) -> str:
        return inputs.line_of(self.cleaned_data["title"], 200, str(self.NO_TITLE))

    def clean_form_id(self) -> UUID:
        try:
            return UUID(self.cleaned_data["form_id"].strip())
        except ValueError:
            raise ValidationError(_("This form is damaged. Open the page again.")) from None

    def refuse(self, error: ValidationError) -> None:
        """Each sentence beside the field that it is about. Of a title that is wrong already nothing more is said."""
        for key, sentences in error.message_dict.items():
            if key != "title" or "title" not in self.errors:
                self.say(key, sentences)

    def say(self, key: str, sentences: list[str]) -> None:
        name = self.BESIDE.get(key, key)
        self.add_error(name if name in self.fields else None, [self.worded(key, said) for said in sentences])

    def worded(self, _key: str, said: str) -> str:
        """In the words of the form."""
        return said

    def offer(self, of: str, known: Callables) -> list[JobFields]:
        """What is registered there, to be chosen in the field of this name, and the fields of its arguments."""
        names: list[tuple[str, Any]] = [(one.name, f"{one.name}: {one.title}") for one in known.all()]
        choose(self.fields[of], _("choose one"), names, self.given.get(of))
        return fields_of(known.all(), self.given, bound=self.is_bound, of=of)

    def arguments(self, among: list[JobFields], name: str, field: str) -> dict[str, Any]:
        """Those of the chosen one, as they were typed; what is wrong with them is said beside ``field``."""
        found = next((one for one in among if one.name == name), None)
        if found is None:
            return {}
        try:
            return found.read(self.data)
        except ValidationError as error:
            self.add_error(field, error)
            return {}


class ItemsForm(BeginForm):
    """Over items. ``seen`` is the mark of the file as it was looked at."""

    BESIDE = {"tolerated_failure_rate": "tolerated"}
    item_key = Typed(label=gettext_lazy("Column that names an item"))
    tolerated = number_field(gettext_lazy("% of items that may fail"))
    on_tolerance = choice_field(
        gettext_lazy("If more fail"), (PAUSE, gettext_lazy("pause and ask")), (FAIL, gettext_lazy("end it as failed"))
    )
    seen = Typed(widget=forms.HiddenInput)

    def __init__(self, *args: Any, source: Mapping[str, Any], columns: tuple[str, ...], **more: Any) -> None:
        """``columns``: those of the data, to choose the key from, where they are known for all of it."""
        super().__init__(*args, **more)
        self.source, self.columns = source, columns
        if columns:
            none = ("", _("none: its number"))
            self.fields["item_key"].widget = forms.Select(choices=[none, *((column, column) for column in columns)])

    def share_in(self, typed: Mapping[str, str]) -> dict[str, Any]:
        """The tolerated share as the contract has it, whatever it is."""
        share = number_typed(typed["tolerated"].rstrip("% "))
        if share is None:
            return {}
        return {"tolerated_failure_rate": share / 100 if isinstance(share, int | float) else share}

    def worded(self, key: str, said: str) -> str:
        """By the label of its field, not by its name in the contract."""
        if key == "tolerated_failure_rate":
            return _("Give a share from 0 to 100 %.")
        name = self.BESIDE.get(key, key)
        if name in self.fields and said.startswith(f"{key} "):
            return f"{self.fields[name].label}: {said.removeprefix(f'{key} ')}"
        return said


def choose(
    field: forms.Field, none: Any, known: list[tuple[str, Any]], chosen: Any, widget: type[forms.Select] | None = None
) -> None:
    """What is gone is offered as that, not replaced by something else unseen."""
    field.widget = widget() if widget else field.widget
    choices = [("", none), *known]
    if chosen and str(chosen) not in dict(choices):
        choices.append((str(chosen), _("%(name)s, which is not known any more") % {"name": str(chosen)[:60]}))
    field.widget.choices = choices
