"""Every write about receivers: kept, given a new secret, tested, removed; and what is sent again. All in the ledger."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.utils import timezone

from accounts import signing, writing
from accounts.models import Letter
from accounts.receivers import Delivery, Receiver
from accounts.webhooks import TEST
from audit.services import append
from live.writes import write

S = Delivery.State
BOTH = timedelta(hours=24)
"""So long the old secret goes on signing beside a new one, so that nothing is refused meanwhile."""
FIELDS = ("name", "url", "types", "active")


def keep(*, receiver: Receiver, by: User) -> None:
    """A new one, or one that was changed. Where it is switched off, what waits for it is not needed any more."""
    with write():
        new = receiver.pk is None
        receiver.version += 1
        receiver.save() if new else receiver.save(update_fields=[*FIELDS, "version"])
        if not receiver.active:
            _drop(receiver, why="")
        elif not new:
            _try_at_once(receiver)
        _enter(receiver, "webhook.added" if new else "webhook.changed", by, _shown(receiver))


def _try_at_once(receiver: Receiver) -> None:
    """It was mended, perhaps: it need not wait until its rest is over. A worker that serves it now goes on."""
    Receiver.objects.filter(pk=receiver.pk, claim="").update(next_at=timezone.now(), failures=0)


def _shown(receiver: Receiver) -> dict[str, Any]:
    """Never the secret; nor what follows a ?, which may be one."""
    parts = urlsplit(receiver.url)
    url = f"{parts.scheme}://{parts.netloc}{parts.path}{'?…' if parts.query else ''}"
    return {"name": receiver.name, "url": url, "types": receiver.types, "active": receiver.active}


def renew(*, receiver: Receiver, by: User) -> str:
    """A new secret; the old one signs too for a day. The answer is the only time that it is shown."""
    with write():
        row = Receiver.objects.select_for_update().get(pk=receiver.pk)
        row.old_secret, row.old_until = row.secret, timezone.now() + BOTH
        row.secret = signing.new_secret()
        row.save(update_fields=["secret", "old_secret", "old_until"])
        _enter(row, "webhook.secret_renewed", by, {"name": row.name, "old_until": row.old_until.timestamp()})
    return str(row.secret)


def remove(*, receiver: Receiver, by: User) -> None:
    with write():
        _drop(receiver, why=Delivery.Why.REMOVED)
        _enter(receiver, "webhook.removed", by, _shown(receiver))
        receiver.delete()


def _drop(receiver: Receiver, *, why: str) -> None:
    Delivery.objects.filter(receiver=receiver, state=S.WAITING).update(state=S.DROPPED, why=why)


def test(*, receiver: Receiver, by: User) -> Delivery:
    """An event that says nothing, to this receiver alone."""
    now = timezone.now()
    with write():
        delivery = Delivery.objects.create(
            receiver=receiver,
            name=receiver.name,
            event=f"test:{uuid.uuid4()}",
            type=TEST,
            data={"asked_by": by.get_username()},
            made_at=now,
            next_at=now,
        )
        _try_at_once(receiver)
        _enter(receiver, "webhook.tested", by, {"name": receiver.name, "delivery": delivery.message_id})
    return delivery


def send_deliveries_again(*, deliveries: Iterable[Delivery], by: User) -> int:
    """Those that were given up, to receivers that are still there: under the same id. How many."""
    number = 0
    with write():
        for delivery in deliveries:
            number += _send_again(delivery, by)
    return number


def _send_again(delivery: Delivery, by: User) -> bool:
    receiver = delivery.receiver
    if receiver is None or not receiver.active:
        return False
    given_up = Delivery.objects.filter(pk=delivery.pk, state__in=[S.FAILED, S.DROPPED])
    if not given_up.update(state=S.WAITING, tries=0, next_at=timezone.now()):
        return False
    _try_at_once(receiver)
    data = {"name": receiver.name, "delivery": delivery.message_id, "type": delivery.type, "of": delivery.stream}
    _enter(receiver, "webhook.sent_again", by, data)
    return True


def _enter(receiver: Receiver, kind: str, by: User, data: dict[str, Any]) -> None:
    append(stream=receiver.stream, kind=kind, actor=by.get_username(), known="signed_in", data=data)


# --- letters -----------------------------------------------------------------------------------------------------


def send_letters_again(*, letters: Iterable[Letter], by: User) -> tuple[int, int]:
    """Those that were given up and still matter; how many, and how many are no news any more."""
    sent = over = 0
    with write():
        for letter in letters:
            if letter.state != Letter.State.FAILED:
                continue
            if writing.write(letter) is None:
                over += 1
            else:
                sent += _letter_again(letter, by)
    return sent, over


def _letter_again(letter: Letter, by: User) -> bool:
    given_up = Letter.objects.filter(pk=letter.pk, state=Letter.State.FAILED)
    if not given_up.update(state=Letter.State.WAITING, claim="", tries=0, next_at=timezone.now()):
        return False
    data = {"letter": letter.pk, "kind": letter.kind, "to": letter.name, "of": letter.stream}
    append(
        stream=f"letter:{letter.pk}", kind="letter.sent_again", actor=by.get_username(), known="signed_in", data=data
    )
    return True
