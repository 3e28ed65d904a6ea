"""How the ledger's page calls the streams of accounts: people by their names, receivers of webhooks, letters."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from accounts.models import Letter
from accounts.receivers import Receiver
from audit import subjects
from audit.subjects import Subject


def _numbers(keys: Sequence[str]) -> list[int]:
    return [int(key) for key in keys if key.isdecimal() and len(key) < 19]


def receivers_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    found = Receiver.objects.filter(pk__in=_numbers(keys)).values_list("pk", "name")
    return {str(pk): Subject(_("Webhook receiver %(name)s") % {"name": name}) for pk, name in found}


def receivers_meant(text: str, most: int) -> Sequence[str]:
    return [str(pk) for pk in Receiver.objects.filter(name__iexact=text[:80]).values_list("pk", flat=True)[:most]]


def accounts_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    found = User.objects.filter(pk__in=_numbers(keys))
    return {str(one.pk): Subject(_("Account of %(name)s") % {"name": one.get_username()}) for one in found}


def accounts_meant(text: str, most: int) -> Sequence[str]:
    return [str(pk) for pk in User.objects.filter(username=text[:150]).values_list("pk", flat=True)[:most]]


def letters_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    found = Letter.objects.filter(pk__in=_numbers(keys)).values_list("pk", "name")
    return {str(pk): Subject(_("Letter to %(name)s") % {"name": name}) for pk, name in found}


subjects.register("webhook", labels=receivers_called, find=receivers_meant)
subjects.register("account", labels=accounts_called, find=accounts_meant)
subjects.register("letter", labels=letters_called, find=lambda _text, _most: [])
