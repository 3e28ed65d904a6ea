"""The chore of every worker that sends deliveries: one worker at a time for each receiver, in order, tried for days."""

import logging
import re
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import close_old_connections, connection, connections
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts import outgoing, signing, trying
from accounts.outgoing import Answer, Failed
from accounts.receivers import Delivery, Receiver
from audit.canonical import canonical, clean
from live.counting import count
from live.writes import write

log = logging.getLogger(__name__)

S, Why = Delivery.State, Delivery.Why
AT_ONCE = 24
"""So many receivers are served at once by each worker: that many slow ones hold up nobody."""
SECONDS = 10.0
ENOUGH = 40.0
LEASE = timedelta(seconds=60)
"""So long a receiver is one worker's, who ends well before: after ``ENOUGH`` seconds, and the one call under way."""
LONGEST_WAIT = 3_600.0
LONGEST_REST = 600.0
SHORT_REST = 60.0
SAID = 300


class Trouble(NamedTuple):
    """``its``: it is about this delivery, others go before its next try. ``rest``: the receiver is left alone."""

    why: Delivery.Why
    words: str
    its: bool = False
    rest: bool = True
    final: bool = False
    status: int | None = None
    after: float = 0.0


class Postman:
    """Serves every receiver for which something is due, each in a thread of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def go(self) -> int:
        """Once a second by each worker; it waits for nobody. How many receivers it begins to serve."""
        with self._lock:
            begun = [pk for pk in to_serve() if pk not in self._busy]
            self._busy.update(begun)
        for pk in begun:
            self._pool.submit(self._serve, pk)
        return len(begun)

    def _serve(self, pk: int) -> None:
        close_old_connections()
        try:
            serve(pk)
        except Exception:
            log.exception("Receiver %s could not be served; it is tried again.", pk)
        finally:
            connections.close_all()
            with self._lock:
                self._busy.discard(pk)

    def wait(self) -> None:
        """Until what was begun is done."""
        while self._busy:
            time.sleep(0.01)


def due() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=S.WAITING, next_at__lte=timezone.now()).order_by("id")


def to_serve() -> list[int]:
    """Receivers that may be called now, and for whom something is due."""
    free = Receiver.objects.filter(active=True, next_at__lte=timezone.now())
    return list(free.filter(Exists(due().filter(receiver=OuterRef("pk")))).values_list("pk", flat=True))


def serve(pk: int) -> int:
    """Send what is due to one receiver, the oldest first; how many it took. Nobody else does so meanwhile."""
    token, now = uuid.uuid4().hex, timezone.now()
    with write(nudge=False):
        free = Receiver.objects.filter(pk=pk, active=True, next_at__lte=now)
        if free.update(claim=token, next_at=now + LEASE) != 1:
            return 0
    taken, failures, rest = 0, Receiver.objects.get(pk=pk).failures, timedelta(0)
    try:
        for delivery in _in_turn(pk):
            trouble = _send(delivery)
            failures = 0 if trouble is None or not trouble.rest else failures + 1
            taken += trouble is None
            if trouble and trouble.rest:
                rest = _rest(trouble, failures)
                _give_up_old(pk, trouble, failures)
                break
    finally:
        _release(pk, token, failures, rest)
    return taken


def _in_turn(pk: int) -> Iterator[Delivery]:
    """Asked for one by one: what is told, or taken back, meanwhile counts."""
    since, last = time.monotonic(), 0
    while time.monotonic() - since < ENOUGH:
        delivery = due().filter(receiver=pk, id__gt=last, receiver__active=True).select_related("receiver").first()
        if delivery is None:
            return
        last = delivery.pk
        yield delivery


def _rest(trouble: Trouble, failures: int) -> timedelta:
    longest = SHORT_REST if trouble.its else LONGEST_REST
    return max(trying.rest(failures, longest), timedelta(seconds=trouble.after))


def _release(pk: int, token: str, failures: int, rest: timedelta) -> None:
    with write(nudge=False):
        ours = Receiver.objects.filter(pk=pk, claim=token)
        ours.update(claim="", failures=failures, next_at=timezone.now() + rest)


# --- one delivery ------------------------------------------------------------------------------------------------


def _send(delivery: Delivery) -> Trouble | None:
    receiver = delivery.receiver
    assert receiver is not None
    body = body_of(delivery)
    headers = {"Content-Type": "application/json", **_signed(receiver, delivery, body)}
    _let_go()
    try:
        url, allowed = receiver.url, settings.WEBHOOK_HOSTS
        answer = outgoing.call("POST", url, allowed=allowed, headers=headers, body=body, timeout=SECONDS)
        trouble = _of_answer(answer)
    except Failed as failed:
        trouble = _of_failure(failed)
    _settle(delivery, trouble)
    return trouble


def _let_go() -> None:
    """Of the database: while others think, as many connections as there are slow ones would be missed elsewhere."""
    if not connection.in_atomic_block:
        connection.close()


def body_of(delivery: Delivery) -> bytes:
    """The same bytes at each try."""
    said = {"type": delivery.type, "timestamp": delivery.made_at.timestamp(), "data": delivery.data}
    return canonical(said).encode()


def _signed(receiver: Receiver, delivery: Delivery, body: bytes) -> dict[str, str]:
    keys, now = [receiver.secret], timezone.now()
    if receiver.old_secret and receiver.old_until and now < receiver.old_until:
        keys.append(receiver.old_secret)
    return signing.headers(keys, delivery.message_id, int(now.timestamp()), body)


def _of_answer(answer: Answer) -> Trouble | None:
    """What an answer means; 2xx alone is that it was taken."""
    status = answer.status
    if answer.ok:
        return None
    if status < 400:
        return Trouble(
            Why.REDIRECT, f"HTTP {status}, to {answer.headers.get('location', '?')}"[:1000], True, status=status
        )
    words = clean(f"HTTP {status}: {_text(answer)}")
    if status == 410:
        return Trouble(Why.GONE, words, its=True, rest=False, final=True, status=status)
    if status in (429, 503):
        return Trouble(Why.BUSY, words, status=status, after=_retry_after(answer))
    why = Why.ERROR if status >= 500 else Why.REFUSED
    return Trouble(why, words, its=True, rest=status >= 500, status=status)


def _text(answer: Answer) -> str:
    """The beginning of what it says, for administrators, on one line."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", answer.body.decode("utf-8", "replace")).split())[:SAID]


def _retry_after(answer: Answer) -> float:
    given = answer.headers.get("retry-after", "").strip()
    return min(float(given), LONGEST_WAIT) if given.isdecimal() and len(given) < 10 else 0.0


ABOUT_IT = {Why.TIMEOUT, Why.BROKEN, Why.NOT_HTTP}
"""Something was heard of: it may be about what was sent, so that others are let pass."""


def _of_failure(failed: Failed) -> Trouble:
    why = Why(failed.code) if failed.code in Why.values else Why.BAD_URL
    return Trouble(why, clean(failed.words)[:1000], its=why in ABOUT_IT and failed.arrived)


def _settle(delivery: Delivery, trouble: Trouble | None) -> None:
    """Compare and set: after a lease that ran out, another's word may stand already."""
    now = timezone.now()
    values = {"tried_at": now, "tries": F("tries") + 1, "why": "", "error": "", "status": None, "state": S.DELIVERED}
    if trouble:
        state = S.FAILED if trouble.final or (trouble.its and _over(delivery, now)) else S.WAITING
        values |= {"why": trouble.why, "error": trouble.words, "status": trouble.status, "state": state}
        if trouble.its:
            values["next_at"] = now + trying.wait(delivery.tries, LONGEST_WAIT)
    with write(nudge=False):
        rows = Delivery.objects.filter(pk=delivery.pk, state=S.WAITING, tries=delivery.tries)
        if rows.update(**values) and values["state"] != S.WAITING:
            count("webhooks", result=str(values["state"]))


def _over(delivery: Delivery, now: datetime) -> bool:
    return trying.over(delivery.made_at, delivery.tries, now)


def _give_up_old(pk: int, trouble: Trouble, failures: int) -> None:
    """Of somebody who has not answered for days, all that is as old: each need not be tried to know that."""
    if trouble.its or failures < trying.FEW_TRIES:
        return
    now = timezone.now()
    with write(nudge=False):
        old = Delivery.objects.filter(receiver=pk, state=S.WAITING, made_at__lt=now - trying.PATIENCE)
        number = old.update(state=S.FAILED, why=trouble.why, error=trouble.words, tried_at=now)
        count("webhooks", number, result=str(S.FAILED))


postman = Postman()
