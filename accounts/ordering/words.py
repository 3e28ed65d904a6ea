"""Who was first, and when, in the language and the time zone of whoever reads it."""

from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def who(actor: str, known: str, reader: str) -> str:
    """``known``: how this actor is known; ``reader``: the name of the person who is told."""
    if known != "signed_in":
        return _("A program, as “%(name)s”,") % {"name": actor} if actor else _("A program")
    if actor == reader:
        return _("You yourself (%(name)s)") % {"name": actor}
    user = User.objects.filter(username=actor).first()
    full = user.get_full_name() if user else ""
    return f"{full} ({actor})" if full else actor


def clock(at: datetime) -> str:
    local = timezone.localtime(at)
    return date_format(local, "H:i" if local.date() == timezone.localdate() else "j M Y, H:i")
