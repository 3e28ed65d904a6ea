"""The chore of every worker that empties the outbox: claimed by compare-and-set, tried for days, never twice."""

import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import mail
from django.db.models import F, Q
from django.utils import timezone

from accounts import delivery, trying, writing
from accounts.models import Letter
from live.counting import count
from live.writes import write

log = logging.getLogger(__name__)

S = Letter.State
BATCH = 20
LEASE = timedelta(minutes=4)
"""So long a claim lasts. A worker that dies leaves its letters to the others only then."""
ENOUGH = 60.0
"""Seconds after which a claim is not used for another letter: one over a slow server may take 75 s more."""
LONGEST_WAIT = 600
LONGEST_PAUSE = 30.0


class Courier:
    """Sends what is due over one connection, and leaves a server that does not answer alone for a moment."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest_until = 0.0

    def go(self) -> int:
        """Once a second by each worker. How many were sent."""
        sent = 0
        while time.monotonic() >= self._rest_until and (letters := claim_due()):
            sent += self._carry(letters)
        return sent

    def _carry(self, letters: list[Letter]) -> int:
        since, sent, left = time.monotonic(), 0, list(letters)
        try:
            with _connected() as connection:
                while left and time.monotonic() - since < ENOUGH:
                    sent += send(connection, left[0])
                    left.pop(0)
            self._failures = 0
        except Broken as broken:
            self._rest(broken)
            for letter in left if broken.before_all else left[:1]:
                _note_failure(letter, broken.error)
        release(left)
        return sent

    def _rest(self, broken: "Broken") -> None:
        self._failures += 1
        self._rest_until = time.monotonic() + trying.rest(self._failures, LONGEST_PAUSE).total_seconds()
        if self._failures == 1:
            log.warning("Mail cannot be sent now, and is tried again: %s", delivery.said_by(broken.error))


class Broken(Exception):
    """The connection is of no use to any letter; ``before_all``: it never was."""

    def __init__(self, error: Exception, *, before_all: bool = False) -> None:
        super().__init__(str(error))
        self.error, self.before_all = error, before_all


@contextmanager
def _connected() -> Iterator[Any]:
    """The site's mail server; whatever keeps us from it is :class:`Broken`."""
    connection = mail.get_connection()
    try:
        try:
            connection.open()
        except Exception as error:
            raise Broken(error, before_all=True) from error
        yield connection
    finally:
        with suppress(OSError):  # it has gone already
            connection.close()


def claim_due() -> list[Letter]:
    """Some that are due, ours alone for a while: also those whose worker died with them."""
    now, token = timezone.now(), uuid.uuid4().hex
    due = Q(state__in=[S.WAITING, S.SENDING], next_at__lte=now)
    found = list(Letter.objects.filter(due).order_by("next_at").values_list("pk", flat=True)[:BATCH])
    if not found:
        return []
    with write(nudge=False):
        Letter.objects.filter(due, pk__in=found).update(state=S.SENDING, claim=token, next_at=now + LEASE)
    return list(Letter.objects.filter(claim=token, state=S.SENDING).select_related("user", "user__preferences"))


def send(connection: Any, letter: Letter) -> bool:
    """One letter. Of its own failures it keeps note; one of the connection is raised."""
    try:
        message = writing.write(letter)
        if message is None or letter.user is None:
            _settle(letter, S.DROPPED)
            return False
        if not delivery.usable(letter.user.email):
            _settle(letter, S.FAILED, why=Letter.Why.BAD_ADDRESS if letter.user.email else Letter.Why.NO_ADDRESS)
            return False
        delivery.deliver(connection, letter, letter.user.email, message)
    except Exception as error:
        trouble = delivery.trouble_of(error)
        if trouble.broken:
            raise Broken(error) from error
        if trouble.why == Letter.Why.UNWRITTEN:
            log.exception("Letter %s could not be written.", letter.pk)
        _note_failure(letter, error)
        return False
    _settle(letter, S.SENT, address=letter.user.email, in_log=settings.MAIL_IN_LOG)
    return True


def _settle(letter: Letter, state: Letter.State, **more: Any) -> None:
    given = {"why": "", "error": "", **more}
    _update(letter, state=state, tried_at=timezone.now(), tries=F("tries") + 1, **given)


def _note_failure(letter: Letter, error: Exception) -> None:
    """Try it again, ever more rarely; after days, or where that cannot help, it stays undelivered."""
    now, trouble = timezone.now(), delivery.trouble_of(error)
    said = {"why": trouble.why, "error": delivery.said_by(error)}
    if trouble.final or trying.over(letter.made_at, letter.tries, now):
        _settle(letter, S.FAILED, **said)
        return
    _settle(letter, S.WAITING, next_at=now + trying.wait(letter.tries, LONGEST_WAIT), **said)


def release(letters: Iterable[Letter]) -> None:
    """Claimed, and not tried: anybody's again, at once. What was tried has let go of its claim, and stays as it is."""
    for letter in letters:
        _update(letter, state=S.WAITING, next_at=timezone.now())


ENDS = {S.SENT, S.FAILED, S.DROPPED}


def _update(letter: Letter, **values: Any) -> None:
    """Compare and set: a claim that has run out is another worker's by now, and its word stands."""
    with write(nudge=False):
        done = Letter.objects.filter(pk=letter.pk, claim=letter.claim, state=S.SENDING).update(**values)
        if done and values["state"] in ENDS:
            count("mail", result=str(values["state"]))


courier = Courier()
