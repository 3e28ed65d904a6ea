"""The fallback chain: rungs from the best to the last resort, and the result says which one served. Pure.

Degraded service: A. Avizienis et al., "Basic concepts and taxonomy of dependable and secure computing", IEEE
Transactions on Dependable and Secure Computing 1(1), 2004. What a call raises is a failure of its rung.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from .refusals import CircuitOpen

LONGEST_WORDS = 300


class Guard(Protocol):
    """Whatever stands before a service: entering raises CircuitOpen, an exception that leaves it is a failure."""

    def call(self, circuit: str) -> AbstractAsyncContextManager[Any]: ...

    def served(self, circuit: str, *, rung: str) -> None:
        """A lower rung served in the place of what is behind this circuit."""


class NotAgain(Exception):
    """Raised by a call, alone or as a base class: this rung will not succeed by being tried again."""


class NotAdmitted(Exception):
    """Raised by an admission: what limits this rung has nothing left for it. The next one is tried."""


class NotYet(Exception):
    """Raised by a call: it may succeed if it is tried again, but not before so many ``seconds`` have passed."""

    def __init__(self, words: str, seconds: float = 0.0) -> None:
        super().__init__(words)
        self.seconds = seconds


@dataclass(frozen=True)
class Patience:
    """So many seconds for each try, so many tries, and so many seconds between two of them."""

    timeout_seconds: float
    attempts: int
    pause_seconds: float = 1.0


PRIMARY = Patience(10, 2)
SECONDARY = Patience(5, 2)
TERTIARY = Patience(3, 3)
"""Without a circuit, as the published pattern of graceful degradation has it; 1 s between two tries."""
GUARDED_PRIMARY = Patience(10, 1)
GUARDED_FALLBACK = Patience(5, 3)
"""Behind a circuit the primary is tried once: the circuit counts failures, and tries of its own would hide them."""


@dataclass(frozen=True)
class Rung:
    """One way to serve, and the circuit before it, if any."""

    name: str
    call: Callable[..., Awaitable[Any]]
    patience: Patience = PRIMARY
    circuit: str | None = None
    admission: Callable[[], AbstractAsyncContextManager[Any]] | None = None
    """Entered around each try, outside its time and its circuit: a limit. It may raise NotAdmitted."""


@dataclass(frozen=True)
class Skipped:
    """Why a better rung did not serve. `code`: circuit_open, timed_out, failed, not_admitted."""

    rung: str
    code: str
    words: str
    tries: int


@dataclass(frozen=True)
class Served:
    """The answer, the rung that gave it, and why better ones did not. ``degraded``: it was not the first."""

    value: Any
    source: str
    degraded: bool
    skipped: tuple[Skipped, ...] = ()


class AllFailed(Exception):
    """No rung served; `skipped` has the reason of each."""

    def __init__(self, skipped: Sequence[Skipped]) -> None:
        self.skipped = tuple(skipped)
        super().__init__("; ".join(f"{one.rung}: {one.words}" for one in skipped) or "There are no rungs to serve.")


async def serve(
    rungs: Sequence[Rung],
    *args: Any,
    guard: Guard | None = None,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    never_again: tuple[type[Exception], ...] = (NotAgain,),
) -> Served:
    """The first rung that answers. Cancellation passes through at once: it is no failure of a rung."""
    if guard is None and any(rung.circuit for rung in rungs):
        raise ValueError("A rung names a circuit, so serve() needs a guard.")
    skipped: list[Skipped] = []
    for rung in rungs:
        answer = await _climb(rung, args, guard, sleep, never_again)
        if not isinstance(answer, Skipped):
            if guard and skipped and rungs[0].circuit:
                guard.served(rungs[0].circuit, rung=rung.name)
            return Served(answer[0], rung.name, bool(skipped), tuple(skipped))
        skipped.append(answer)
    raise AllFailed(skipped)


async def _climb(
    rung: Rung,
    args: Any,
    guard: Guard | None,
    sleep: Callable[[float], Awaitable[Any]],
    never_again: tuple[type[Exception], ...],
) -> tuple[Any] | Skipped:
    """The rung's answer in a tuple of one (None is an answer too), or why there is none."""
    most = max(1, rung.patience.attempts)
    for tries in range(1, most + 1):
        try:
            async with rung.admission() if rung.admission else nullcontext():
                answer, again = await _try(rung, args, guard, tries, never_again)
        except NotAdmitted as error:
            return Skipped(rung.name, "not_admitted", _cut(str(error)), tries - 1)
        if not isinstance(answer, Skipped) or not again or tries == most:
            return answer
        await sleep(rung.patience.pause_seconds)
    raise AssertionError("unreachable: the last try returns")


async def _try(
    rung: Rung, args: Any, guard: Guard | None, tries: int, never_again: tuple[type[Exception], ...]
) -> tuple[tuple[Any] | Skipped, bool]:
    limit = asyncio.timeout(rung.patience.timeout_seconds)
    try:
        if guard is None or rung.circuit is None:
            return (await _within(limit, rung, args),), False
        async with guard.call(rung.circuit):
            value = await _within(limit, rung, args)
        return (value,), False
    except CircuitOpen as error:
        return Skipped(rung.name, "circuit_open", _cut(f"circuit open: {error.reason}"), tries - 1), False
    except Exception as error:
        return _told(rung, error, _expired(limit), tries), not isinstance(error, never_again)


async def _within(limit: asyncio.Timeout, rung: Rung, args: Any) -> Any:
    async with limit:
        return await rung.call(*args)


def _expired(limit: asyncio.Timeout) -> bool:
    """Whether our own limit struck: a call may raise TimeoutError by itself, which is its own failure."""
    return limit.when() is not None and limit.expired()


def _told(rung: Rung, error: Exception, expired: bool, tries: int) -> Skipped:
    often = "" if tries == 1 else ", twice" if tries == 2 else f", {tries} times"
    if expired and isinstance(error, TimeoutError):
        return Skipped(rung.name, "timed_out", f"timed out after {rung.patience.timeout_seconds:g} s{often}", tries)
    return Skipped(rung.name, "failed", _cut(str(error) or "failed without saying why") + often, tries)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"
