"""Tells programs elsewhere of events: deliveries are written in the event's transaction, and sent by the workers."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.receivers import Delivery, Receiver
from audit.canonical import plain

TEST = "webhook.test"
"""What an administrator sends to see whether it arrives; nobody chooses it."""
_types: dict[str, Any] = {}


def register(type: str, title: Any) -> None:
    """A kind of event that a receiver may choose, with its title (lazy) as people see it: called in ``ready()``."""
    _types[type] = title


def types() -> dict[str, str]:
    return {name: str(title) for name, title in sorted(_types.items())}


def title_of(type: str) -> str:
    return _("a test") if type == TEST else str(_types.get(type, type))


def tell(*, type: str, event: str, stream: str, data: dict[str, Any], at: datetime | None = None) -> None:
    """A delivery to each active receiver that wants this kind; telling the same event again adds nothing.

    ``event`` names it for ever (say "request:<uuid>/0/opened"), ``stream`` is that of the ledger whose page shows who
    was told, ``data`` is sent as it is now: JSON, with times in epoch seconds. Inside the transaction of the event.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A delivery is written with what it tells of: call this inside `with live.writes.write():`.")
    if type not in _types:
        raise LookupError(f"{type!r} is no kind of event yet: register it in the app's ready().")
    if not settings.WEBHOOK_HOSTS:
        return
    wanting = [receiver for receiver in Receiver.objects.filter(active=True) if receiver.wants(type)]
    if wanting:
        given = plain(data)
        deliveries = [_delivery(receiver, type, event, stream, given, at) for receiver in wanting]
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=200)


def _delivery(
    receiver: Receiver, type: str, event: str, stream: str, data: dict[str, Any], at: datetime | None
) -> Delivery:
    now = timezone.now()
    return Delivery(
        receiver=receiver,
        name=receiver.name,
        event=event,
        type=type,
        stream=stream,
        data=data,
        made_at=at or now,
        next_at=now,
    )
