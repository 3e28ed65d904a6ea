"""One call under guard: whether it may be entered, and what it counts as when it is left."""

import asyncio
import time
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from temporalio.exceptions import CancelledError as CancelledInThread

from worker import client
from worker.circuit_contract import MAX_SAMPLE
from worker.circuit_view import View
from worker.entities import ASK_SECONDS, TRIES
from worker.reading import printable
from worker.resilience.caller import NO_ANSWER_PAUSE, REFUSED_PAUSE, Ask, Refusal
from worker.resilience.refusals import CircuitOpen

if TYPE_CHECKING:
    from worker.guard import Guard

_SAYS_NOTHING = (CircuitOpen, CancelledInThread, FutureCancelled)
"""Exceptions that say nothing about the service: another circuit refused, or the call was cancelled. In coroutines that
is no Exception at all; in a thread the SDK raises one of its own."""
FIRST_WORD = 0.5
"""Seconds that the first call to a circuit waits for what is known of it."""


class Call:
    """Made by ``Guard.call``, entered once."""

    __slots__ = ("_began", "_guard", "_lease", "_sample", "_view")

    def __init__(self, guard: "Guard", view: View) -> None:
        self._guard = guard
        self._view = view
        self._lease = ""
        self._sample: str | None = None

    def failed(self, words: str = "") -> None:
        """The service answered, but badly: this call counts as failed though nothing is raised."""
        self._sample = _cut(words) or "failed without saying why"

    # --- in coroutines ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "Call":
        if not self._view.caller.free:
            await self._admitted()
        self._began = monotonic()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over(error)

    async def _admitted(self) -> None:
        end = monotonic() + FIRST_WORD
        if self._wants_word():
            while not self._view.caller.informed and monotonic() < end:
                await asyncio.sleep(0.01)
        if ask := self._ask():
            try:
                answer = await asyncio.wrap_future(self._asking(ask))
            except BaseException as error:
                self._unanswered(error)
            else:
                self._answered(answer)

    # --- in threads ---------------------------------------------------------------------------------------------

    def __enter__(self) -> "Call":
        if not self._view.caller.free:
            self._admit()
        self._began = monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over(error)

    def _admit(self) -> None:
        end = monotonic() + FIRST_WORD
        if self._wants_word():
            while not self._view.caller.informed and monotonic() < end:
                time.sleep(0.01)
        if ask := self._ask():
            try:
                answer = self._asking(ask).result(TRIES * ASK_SECONDS + 5)
            except BaseException as error:
                self._unanswered(error)
            else:
                self._answered(answer)

    # --- entering -----------------------------------------------------------------------------------------------

    def _wants_word(self) -> bool:
        """Nothing is known yet, or not any more: that is looked for before the call."""
        view = self._view
        view.used_at = monotonic()
        if view.caller.informed or not self._guard.hearing.index:
            return False
        self._guard.hearing.turn.wake()
        return True

    def _ask(self) -> Ask | None:
        """None: the call may be made; an Ask: if a trial is granted. Raises CircuitOpen."""
        view, now = self._view, self._guard.clock()
        with view.lock:
            view.caller.informed = True
            found = view.caller.decide(now)
            if isinstance(found, Refusal):
                raise self._refused(found)
        return found

    def _asking(self, ask: Ask) -> "Future[Any]":
        call = self._guard.entities.acquire(self._view.service, ask)
        return asyncio.run_coroutine_threadsafe(call, client.loop())

    def _answered(self, answer: Any) -> None:
        view = self._view
        with view.lock:
            found = view.caller.answered(answer, self._guard.clock())
            if isinstance(found, Refusal):
                raise self._refused(found)
        self._lease = found

    def _unanswered(self, error: BaseException) -> None:
        """Whoever is cancelled while it asks leaves the question to the next one."""
        view, now = self._view, self._guard.clock()
        if not isinstance(error, Exception):
            view.caller.left()  # without the lock, for the reason given below
            raise error
        with view.lock:
            pause = REFUSED_PAUSE if isinstance(error, client.NotFound) else NO_ANSWER_PAUSE
            raise self._refused(view.caller.unanswered(now, pause=pause)) from error

    def _refused(self, refusal: Refusal) -> CircuitOpen:
        """Counted, under the lock."""
        self._view.caller.outbox.refused += 1
        return CircuitOpen(self._view.service, refusal.reason, refusal.retry_at)

    # --- leaving ------------------------------------------------------------------------------------------------

    def _over(self, error: BaseException | None) -> None:
        view = self._view
        caller = view.caller
        limit = caller.slow_seconds
        slow = limit is not None and monotonic() - self._began >= limit
        if error is None and self._sample is None and not self._lease:
            with view.lock:
                caller.succeeded(slow)
            return
        self._over_otherwise(error, slow)

    def _over_otherwise(self, error: BaseException | None, slow: bool) -> None:
        """A failure, a trial, or a call that was given up: cancelled, or refused by another circuit within it."""
        view, now = self._view, self._guard.clock()
        ok = self._came(error)
        if ok is None:
            # No lock here: it may be the collector that ends a forgotten generator, while this very thread holds it.
            if self._lease:
                view.given_up.append(self._lease)
            return
        sample = "" if ok else self._sample or _words_of(error)
        with view.lock:
            if self._lease:
                view.caller.trial_ended(self._lease, ok, slow, sample, now)
            elif not view.caller.failed(slow, sample, now):
                return
        view.urgent = True
        self._guard.reporting.turn.wake()

    def _came(self, error: BaseException | None) -> bool | None:
        if self._sample is not None:
            return False
        if error is None:
            return True
        return False if isinstance(error, Exception) and not isinstance(error, _SAYS_NOTHING) else None


def _words_of(error: BaseException | None) -> str:
    """What an entity keeps as the sample. An error that cannot even be told has failed all the same."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return _cut(said) or ("timed out" if isinstance(error, TimeoutError) else "failed without saying why")


def _cut(words: str) -> str:
    return printable(words[:MAX_SAMPLE]).strip()
