"""One caller's view of one circuit: it decides by what it knows, opens by what it sees, and asks for trials. Pure.

The entity is asked nothing before a call. What it said last is known from its index row, up to a second old; failures
of this caller's own open the circuit here before the entity has heard of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .circuit_state import (
    CLOSED,
    DISABLED,
    FORCED_OPEN,
    HALF_OPEN,
    METRICS_ONLY,
    OPEN,
    OVERRIDES,
    CircuitConfig,
)
from .outbox import Outbox

LETTING_THROUGH = (CLOSED, DISABLED, METRICS_ONLY)
_IT_IS = {OPEN: "it is open", FORCED_OPEN: "it was opened by hand"}
REFUSED_PAUSE, LONGEST_PAUSE = 1.0, 5.0
"""Seconds before a trial is asked for again where none was to be had: longer each time, until something is heard."""
NO_ANSWER_PAUSE = 3.0
TOLD_FOR = 3.0
"""Seconds for which an entity's own answer counts where its row does not say it yet."""


@dataclass(frozen=True)
class Word:
    """What an entity said last, as its index row has it; from the registry where it has said nothing yet."""

    service: str
    state: str = CLOSED
    retry_at: float | None = None
    until: float | None = None
    """When its override ends."""
    reason: str = ""
    config: CircuitConfig = field(default_factory=CircuitConfig)
    number: int = 0
    """Of its last event."""
    heard: int = 0
    """The last report of this caller that is counted in it."""


@dataclass(frozen=True)
class Refusal:
    """Why a call may not be made; ``retry_at``: epoch seconds before which asking again is of no use."""

    reason: str
    retry_at: float | None = None


@dataclass(frozen=True)
class Ask:
    """A trial to be asked for: again with the same owner and id, as long as no answer has come."""

    owner: str
    update_id: str
    at: float


@dataclass(frozen=True)
class Opening:
    """This caller's own: until its time is over, or the entity has spoken and knew of the report ``seq``."""

    until: float
    seq: int
    reason: str


@dataclass(frozen=True)
class Told:
    """A state that the entity answered with, where its row was at ``number``."""

    state: str
    number: int
    until: float


class Caller:
    """Not safe for threads: whoever shares one locks it. Every time is in epoch seconds."""

    def __init__(self, service: str, name: str, first_seq: int) -> None:
        self.service = service
        self.name = name
        self.outbox = Outbox(name, first_seq)
        self.word = Word(service)
        self.informed = False
        """Whether the word is the entity's, or it could not be had."""
        self.free = False
        """Whether the next call may go without a look at anything else."""
        self.slow_seconds: float | None = None
        self.opening: Opening | None = None
        self._in_a_row = 0
        self._told: Told | None = None
        self._ask: Ask | None = None
        self._asking = False
        self._ask_after = 0.0
        self._pause = REFUSED_PAUSE
        self._owners = 0

    # --- what is known ------------------------------------------------------------------------------------------

    def learn(self, word: Word, now: float) -> None:
        """The entity's word, as it stands written."""
        if word.state == CLOSED and self.word.state != CLOSED:
            self._in_a_row = 0
        if word.number != self.word.number:
            self._pause = REFUSED_PAUSE
        self.word, self.slow_seconds = word, word.config.slow_seconds
        if self.opening and word.heard >= self.opening.seq:
            self._end_opening()
        if self._told and word.number > self._told.number:
            self._told = None
        self.look(now, informed=True)

    def look(self, now: float, *, informed: bool) -> None:
        """Time has passed. Not ``informed``: what is known is too old to go by without asking first."""
        self.informed = informed
        self.free = informed and self.opening is None and self._state(now)[0] in LETTING_THROUGH

    def _state(self, now: float) -> tuple[str, float | None]:
        """What it goes by, and until when: what time alone brings is not waited for."""
        word, told = self.word, self._told
        if told and now < told.until:
            return told.state, None
        if word.state in OVERRIDES:
            if word.until is None or now < word.until:
                return word.state, word.until
            return (HALF_OPEN if word.state == FORCED_OPEN else CLOSED), None
        if word.state == OPEN and word.retry_at is not None and word.retry_at <= now:
            return HALF_OPEN, None
        return word.state, word.retry_at

    def state(self, now: float) -> tuple[str, float | None, str]:
        """State, until when and why: the own opening before the entity's word."""
        if self.opening and now < self.opening.until:
            return OPEN, self.opening.until, self.opening.reason
        state, until = self._state(now)
        return state, until, self.word.reason if state == self.word.state else ""

    # --- before a call ------------------------------------------------------------------------------------------

    def decide(self, now: float) -> Ask | Refusal | None:
        """None: go. An ``Ask``: it is this call's turn to ask for a trial; ``answered`` or ``unanswered`` ends it."""
        if self.opening and self.opening.until <= now:
            self._end_opening()
        self.look(now, informed=self.informed)
        state, until, reason = self.state(now)
        if state in LETTING_THROUGH:
            return None
        if state != HALF_OPEN:
            return Refusal(reason or _IT_IS[state], until)
        if self._asking:
            return Refusal("a trial is being asked for")
        if now < self._ask_after:
            return Refusal("it is being tried whether it works again", self._ask_after)
        return self._turn_to_ask(now)

    def _turn_to_ask(self, now: float) -> Ask:
        if self._ask is None or self._is_over(self._ask, now):
            self._owners += 1
            owner = f"{self.name}/{self._owners}"
            self._ask = Ask(owner, f"{owner}@{now:.3f}", now)
        self._asking = True
        return self._ask

    def _is_over(self, ask: Ask, now: float) -> bool:
        """By this clock alone: its lease began after it was asked for."""
        return now - ask.at >= self.word.config.probe_lease_seconds

    def answered(self, answer: Any, now: float) -> str | Refusal:
        """The lease to call with ("": an ordinary call), or why there is none."""
        ask, self._ask, self._asking = self._ask, None, False
        grant = answer if isinstance(answer, Mapping) else {}
        if grant.get("granted") is True:
            if ask is None or self._is_over(ask, now):
                return Refusal("the answer about its trial came too late", now)
            self._pause = REFUSED_PAUSE
            return str(grant.get("lease_id", ""))
        reason = str(grant.get("reason", ""))
        if reason in (*LETTING_THROUGH, OPEN, FORCED_OPEN):
            self._told = Told(reason, self.word.number, now + TOLD_FOR)
            self.look(now, informed=self.informed)
        if reason in LETTING_THROUGH:
            return ""
        self._ask_after = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        words = _IT_IS.get(reason, "it is being tried whether it works again")
        return Refusal(words, self._ask_after)

    def unanswered(self, now: float, *, pause: float) -> Refusal:
        """It may have been granted: the next one to ask does so under the same id."""
        self._asking = False
        self._ask_after = now + pause
        return Refusal("nobody can say whether it may be tried", self._ask_after)

    def left(self) -> None:
        """Whoever asked is not there any more; what was granted to them the next one gets, who asks the same."""
        self._asking, self._ask_after = False, 0.0

    # --- after a call -------------------------------------------------------------------------------------------

    def succeeded(self, slow: bool) -> None:
        self._in_a_row = 0
        self.outbox.succeeded(slow)

    def failed(self, slow: bool, sample: str, now: float) -> bool:
        """Whether that opened it here."""
        self._in_a_row += 1
        self.outbox.failed(slow, sample)
        if self._in_a_row < self.word.config.failure_threshold or self.state(now)[0] != CLOSED:
            return False
        self._open(f"{self._in_a_row} failures in a row", self.outbox.next_seq, now)
        return True

    def trial_ended(self, lease_id: str, ok: bool | None, slow: bool, sample: str, now: float) -> None:
        """One that failed opens it again, as it will at the entity; one that was given up (None) says nothing."""
        still = self.state(now)[0] == HALF_OPEN
        seq = self.outbox.trial(lease_id, ok, slow, sample)
        if ok is False and still:
            self._open("a trial failed", seq, now)

    def _end_opening(self) -> None:
        """What failed meanwhile had been under way."""
        self.opening, self._in_a_row = None, 0

    def _open(self, reason: str, seq: int, now: float) -> None:
        self.opening = Opening(now + self.word.config.timeout_seconds, seq, reason)
        self._in_a_row = 0
        self.free = False
