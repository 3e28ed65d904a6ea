"""The forms: a new request, a decision, a reason. What was typed is kept, whatever is wrong with it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import actions, inputs
from approvals.again import to_follow
from approvals.models import Attempt, Policy, Request
from worker.reading import as_uuid

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "JPY", "CAD", "AUD", "CNY", "INR")
NO_ACTION = "none"
LONGEST_TITLE = 200
LONGEST_COMMENT = 5_000
LONGEST_ID = 200


class Typed(forms.CharField):
    """Text exactly as it was typed; the form's own clean methods say what is wrong with it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, strip=False, **more)
        self.validators = []


class ChainForm(forms.Form):
    """What the chain depends on."""

    amount = Typed(
        label=gettext_lazy("Amount"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "1000.50"}),
    )
    currency = Typed(label=gettext_lazy("Currency"), widget=forms.Select)
    kind = Typed(label=gettext_lazy("Kind"), widget=forms.Select)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.kinds = dict(Policy.objects.values_list("kind", "title"))
        _choose(self.fields["currency"], [(code, code) for code in CURRENCIES])
        _choose(self.fields["kind"], [*self.kinds.items()])

    def clean_amount(self) -> Decimal:
        return inputs.amount_of(self.cleaned_data["amount"])

    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper() or "EUR"
        if currency not in CURRENCIES:
            raise ValidationError(
                _("“%(code)s” is not a currency known here. Choose one of the list.") % {"code": currency[:20]}
            )
        return currency

    def clean_kind(self) -> str:
        kind = self.cleaned_data["kind"].strip() or "default"
        if kind not in self.kinds:
            raise ValidationError(
                _("There is no policy for “%(kind)s”. Choose a kind of the list.") % {"kind": kind[:60]}
            )
        return kind


class NewRequestForm(ChainForm):
    """All of a new request. ``form_id`` becomes its uuid, so that sending the form twice makes one request."""

    title = Typed(label=gettext_lazy("Title"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    details = Typed(
        label=gettext_lazy("Details"), widget=forms.Textarea(attrs={"rows": 5, "placeholder": "Vendor: Acme Lift GmbH"})
    )
    action = Typed(label=gettext_lazy("When approved"), widget=forms.Select)
    form_id = Typed(widget=forms.HiddenInput)
    again = Typed(widget=forms.HiddenInput)
    field_order = ["title", "amount", "currency", "kind", "details", "action", "form_id", "again"]

    def __init__(self, *args: Any, by: User, given: Mapping[str, Mapping[str, str]] | None = None, **more: Any) -> None:
        """``given``: arguments to begin with, by the name of their action."""
        super().__init__(*args, **more)
        self.by, self.given = by, given or {}
        self.actions = {action.name: action for action in actions.by_hand() if action.name != NO_ACTION}
        _choose(
            self.fields["action"], [(NO_ACTION, _("nothing runs")), *((a.name, a.title) for a in self.actions.values())]
        )

    def focus_on_what_is_wrong(self) -> None:
        if wrong := next((name for name in self.fields if name in self.errors), None):
            self.fields[wrong].widget.attrs["autofocus"] = True

    def clean_title(self) -> str:
        return inputs.line_of(self.cleaned_data["title"], LONGEST_TITLE, _("Give the request a title."))

    def clean_details(self) -> dict[str, str]:
        return inputs.details_of(self.cleaned_data["details"])

    def clean_action(self) -> dict[str, Any] | None:
        name = self.cleaned_data["action"].strip() or NO_ACTION
        if name == NO_ACTION:
            return None
        if name not in self.actions:
            raise ValidationError(_("There is no action “%(name)s”. Choose one of the list.") % {"name": name[:60]})
        args, errors = actions.check(name, self._typed_arguments(name))
        if errors:
            raise ValidationError(list(errors))
        return {"name": name, "args": args}

    def clean_form_id(self) -> UUID:
        return as_uuid(self.cleaned_data["form_id"]) or uuid4()

    def clean_again(self) -> Request | None:
        """What this follows; an address that is none, or another's, is said rather than left out silently."""
        found = self.follows()
        if self.cleaned_data["again"].strip() and found is None:
            raise ValidationError(
                _("What this was to follow cannot be submitted again by you. Send it once more, and it stands alone.")
            )
        return found

    def follows(self) -> Request | None:
        """What this asks for again, if it may."""
        uuid = as_uuid(str(self["again"].value() or "").strip())
        return to_follow(self.by, uuid) if uuid else None

    def _typed_arguments(self, name: str) -> dict[str, Any]:
        """What was typed for this action's arguments; an empty field is an argument that was not given."""
        typed = {p: self._typed(name, p.name) for p in self.actions[name].parameters}
        return {p.name: inputs.argument_of(p, text) for p, text in typed.items() if text.strip()}

    def _typed(self, action: str, parameter: str) -> str:
        return str(self.data.get(f"arg-{action}-{parameter}", ""))

    def _shown(self, action: str, parameter: Any) -> str:
        if self.is_bound:
            return self._typed(action, parameter.name)
        if action in self.given:
            return self.given[action].get(parameter.name, "")
        return _default(parameter)

    def arguments(self) -> list[dict[str, Any]]:
        """The fields of every action's arguments, with what was typed, for the template."""
        return [
            {
                "name": action.name,
                "title": action.title,
                "fields": [
                    {
                        "name": f"arg-{action.name}-{p.name}",
                        "label": p.name.replace("_", " "),
                        "type": TYPES.get(p.type, str(p.type)),
                        "required": p.required,
                        "value": self._shown(action.name, p),
                    }
                    for p in action.parameters
                ],
            }
            for action in self.actions.values()
        ]


TYPES: dict[Any, Any] = {
    str: gettext_lazy("text"),
    int: gettext_lazy("a whole number"),
    float: gettext_lazy("a number"),
    bool: gettext_lazy("yes or no"),
    list: gettext_lazy("a list, as JSON"),
    dict: gettext_lazy("an object, as JSON"),
}


def _default(parameter: Any) -> str:
    return "" if parameter.required or parameter.default is None else str(parameter.default)


def _choose(field: forms.Field, choices: list[tuple[str, Any]]) -> None:
    field.widget.choices = choices


class DecideForm(forms.Form):
    """A decision as the site and as programs send it. Whether it counts is for the workflow to say."""

    verdict = Typed(widget=forms.HiddenInput)
    level = Typed(widget=forms.HiddenInput)
    comment = Typed(label=gettext_lazy("Comment"), widget=forms.Textarea(attrs={"rows": 2}))
    decision_id = Typed(widget=forms.HiddenInput)
    shown = Typed(widget=forms.HiddenInput)

    def clean_verdict(self) -> Attempt.Verdict:
        verdict = self.cleaned_data["verdict"]
        if verdict not in (Attempt.Verdict.APPROVE, Attempt.Verdict.REJECT):
            raise ValidationError(_("Say whether you approve or reject."))
        return Attempt.Verdict(verdict)

    def clean_level(self) -> str:
        level: str = self.cleaned_data["level"].strip()
        if len(level) > 50 or not all(map(inputs.shown, level)):
            raise ValidationError(_("There is no such level. Load the page again and decide there."))
        return level

    def clean_comment(self) -> str:
        return inputs.lines_of(self.cleaned_data["comment"], LONGEST_COMMENT)

    def clean_decision_id(self) -> str:
        return _decision_id(self.cleaned_data["decision_id"])

    def clean_shown(self) -> str:
        shown: str = self.cleaned_data["shown"]
        return shown if shown.isascii() and shown.isalnum() and len(shown) <= 64 else ""

    def clean(self) -> None:
        needed = self.cleaned_data.get("verdict") == Attempt.Verdict.REJECT and "comment" in self.cleaned_data
        if needed and not self.cleaned_data["comment"]:
            self.add_error("comment", _("Say why you reject it: the requester reads your reason."))


class ReasonForm(forms.Form):
    """Withdraw, try again, give up: a reason and an id."""

    comment = Typed(label=gettext_lazy("Reason"), widget=forms.TextInput)
    decision_id = Typed(widget=forms.HiddenInput)

    def clean_comment(self) -> str:
        return inputs.lines_of(self.cleaned_data["comment"], LONGEST_COMMENT)

    def clean_decision_id(self) -> str:
        return _decision_id(self.cleaned_data["decision_id"])


class SayForm(forms.Form):
    """A comment, a question or an answer: which of them, the button says. ``form_id`` makes a double click one."""

    text = Typed(label=gettext_lazy("Comment or question"), widget=forms.Textarea(attrs={"rows": 3}))
    form_id = Typed(widget=forms.HiddenInput)

    def clean_text(self) -> str:
        text = inputs.lines_of(self.cleaned_data["text"], LONGEST_COMMENT)
        if not any(map(inputs.visible, text)):
            raise ValidationError(_("Write something first."))
        return text

    def clean_form_id(self) -> UUID:
        return as_uuid(self.cleaned_data["form_id"]) or uuid4()


def _decision_id(typed: str) -> str:
    """The id from the rendered form. A program that sends none gets a new one: then each call is a decision."""
    typed = typed.strip()
    if len(typed) > LONGEST_ID or not all(map(inputs.shown, typed)):
        raise ValidationError(_("The decision id is not one of this page. Load the page again and decide there."))
    return typed or str(uuid4())


def sentences(form: forms.BaseForm) -> str:
    """Everything that is wrong with a form, as one text for a program."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
