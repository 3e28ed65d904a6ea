"""Which batch, and which person, is meant by what stands on a command line."""

import re

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from batches import queries
from batches.beginning import uuid_named
from batches.models import Batch
from batches.terminal.exits import Exit, Stop
from circuits.access import is_ops


def batch_meant(text: str) -> Batch:
    """By B-318, by its uuid, or by its workflow id: then the last one under it."""
    uuid = _uuid_of(text.strip())
    row = queries.batch(uuid) if uuid else None
    if row is None:
        raise Stop(Exit.NOT_FOUND, _("There is no batch %(name)s.") % {"name": text[:200]})
    return row


def _uuid_of(text: str) -> str | None:
    if (found := re.fullmatch(r"[Bb]-([0-9]{1,18})", text)) is None:
        return uuid_named(text)
    uuid = Batch.objects.filter(pk=int(found[1])).values_list("uuid", flat=True).first()
    return str(uuid) if uuid else None


def person(name: str) -> User:
    """Who acts: there, active and of ops, before anything is done for them. Nobody has signed in: it is a claim."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise Stop(Exit.REFUSED, _("There is no active person called %(name)s.") % {"name": name[:200]})
    if not is_ops(user):
        raise Stop(Exit.REFUSED, _("%(name)s is no operator: only operators act on batches.") % {"name": name})
    return user
