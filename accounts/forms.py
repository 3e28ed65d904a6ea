"""The forms of the account page, and of who has forgotten their password."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordResetForm
from django.utils.translation import gettext_lazy as _

from accounts import services, zones
from accounts.models import Preferences


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zones.choices,
        required=False,
        error_messages={"invalid_choice": _("There is no time zone %(value)s. Choose one of the list.")},
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=zones.languages,
        error_messages={"invalid_choice": _("This site does not speak %(value)s yet. Choose one of the list.")},
    )

    class Meta:
        model = Preferences
        fields = services.FIELDS


class ForgottenForm(PasswordResetForm):
    """Django's way to find the people of an address; the mail goes through the outbox."""

    def save(self, *_args: Any, **_options: Any) -> None:
        services.ask_reset(users=list(self.get_users(self.cleaned_data["email"])))
