"""What all batches together may call of one service: a sliding window over calls that are lent piece by piece. Pure.

A piece counts from when it is lent until the window's length after it was given back: whenever within that time its
calls are made (late, slowly, after a worker's death), no window holds more of them than the limit. Who gets nothing
has a ticket: those with less than their share come first, each in their order. Times are epoch seconds of one clock;
one that goes back gives nothing back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .pace import NANO, PIECES

MOST_PIECES, PIECES_A_SECOND = 20, 10.0
"""Into so many pieces a window's calls are lent at least: small ones are back sooner, and nobody takes all at once."""
GRACE = 2.0
"""Seconds for which one who was told to come back is waited for."""
FIRST_POLL, LONGEST_POLL = 0.25, 2.0
"""Seconds to the next question where only others' pieces can free something, and nobody knows when."""
CIRCUIT_POLL, TRIAL_POLL = 5.0, 1.0
"""Seconds to the next question while the circuit is not closed: somebody may close it by hand."""
LONGEST_WAIT = 15.0
"""Seconds after which is asked again in any case: somebody may have raised the limit."""
KEPT_BATCHES = 200


@dataclass(frozen=True)
class Window:
    """At most ``limit`` calls in any ``seconds``."""

    limit: int
    seconds: float

    @property
    def most(self) -> int:
        """So many are lent at once."""
        return -(-self.limit // max(1, min(MOST_PIECES, round(self.seconds * PIECES_A_SECOND))))


@dataclass(frozen=True)
class Gate:
    """What the service's circuit allows: all, "trial" (one at a time), or nothing until ``until``."""

    state: str = "closed"
    opens: str = "all"
    """ "all", "trial" or "none"."""
    until: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Ask:
    """A batch asks for its piece ``round``; ``count`` 0: it wants nothing now, and only says what still runs.

    ``number`` rises from question to question: one that was overtaken is not answered.
    """

    batch: str
    number: int
    round: int
    count: int
    running: Sequence[int] = ()
    wants: int = 0
    """Calls that it will want in all, as far as it knows."""
    lease: float = 600.0
    """Seconds without a word after which its pieces are taken for given back."""
    again: int = 0
    """Calls that were made beyond what had been lent, such as second tries: what is done is done, and counts."""


@dataclass(frozen=True)
class Take:
    """Whoever runs the piece ``round`` wants ``count`` calls more; of all that was ever lent for it ``holds`` may still
    be made, and what else there was has been made by now."""

    batch: str
    round: int
    holds: int
    count: int
    lease: float = 600.0


@dataclass
class Lent:
    """A piece that is out. Times in epoch seconds."""

    batch: str
    round: int
    count: int
    until: float
    """When it is taken for given back without a word."""
    seen: float


@dataclass
class Spent:
    """Given back at ``at`` (nanoseconds)."""

    batch: str
    at: int
    count: int


@dataclass
class Ticket:
    """Who got nothing, since when, and when they were told to come back (epoch seconds)."""

    batch: str
    since: float
    count: int
    come_at: float
    wants: int = 0


@dataclass
class BudgetState:
    """``numbers``: each batch's last question."""

    clock: float = 0.0
    lent: list[Lent] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """``granted`` calls may begin; 0: come back in ``wait`` seconds, because of ``cause`` ("budget" or "circuit")."""

    granted: int = 0
    wait: float = 0.0
    cause: str = ""
    others: int = 0
    """Batches that share it now."""
    until: float | None = None
    """When there will be enough again, where that is known."""


class Budget:
    """Of one service; ``window`` None: nothing limits it."""

    def __init__(self, window: Window | None, state: BudgetState) -> None:
        self.window, self.state = window, state

    # --- asking -------------------------------------------------------------------------------------------------

    def ask(self, ask: Ask, gate: Gate, now: float) -> Answer:
        """Asked again under the same number and round it gives the same; nothing is lent twice."""
        state = self.state
        now = state.clock = max(now, state.clock)
        self._forget(now)
        if ask.number < state.numbers.get(ask.batch, 0):
            return Answer(0, FIRST_POLL, "")
        self._heard(ask, now)
        if ask.count <= 0:
            self._drop(ask.batch)
            return Answer()
        mine = next((each for each in state.lent if (each.batch, each.round) == (ask.batch, ask.round)), None)
        if mine is not None:
            return Answer(mine.count, others=self._others(ask.batch))
        return self._decide(ask, gate, now)

    def take(self, take: Take, now: float) -> Answer:
        """What was made counts from now on. Asked again, what the answer before had granted counts as made."""
        state = self.state
        now = state.clock = max(now, state.clock)
        self._forget(now)
        mine = next((each for each in state.lent if (each.batch, each.round) == (take.batch, take.round)), None)
        if mine is None:
            mine = Lent(take.batch, take.round, take.holds, now + take.lease, now)
            state.lent.append(mine)
        elif mine.count > take.holds:
            if self.window is not None:
                self._spend(take.batch, mine.count - take.holds, round(now * NANO))
            mine.count = take.holds
        answer = self._more(take, now)
        mine.count += answer.granted
        mine.seen, mine.until = now, max(mine.until, now + take.lease)
        if not mine.count:
            state.lent.remove(mine)
        return answer

    def _more(self, take: Take, now: float) -> Answer:
        if take.count <= 0 or self.window is None:
            return Answer(max(0, take.count))
        free = min(take.count, self.window.most, self._free() - self._for_others(take.batch, now))
        if free > 0:
            return Answer(free)
        return self._refuse(Ask(take.batch, 0, take.round, 1), 1, 1 - free, now)

    def _heard(self, ask: Ask, now: float) -> None:
        """What runs no longer is given back, now."""
        state = self.state
        if ask.again > 0 and self.window is not None and ask.number > state.numbers.get(ask.batch, 0):
            self._spend(ask.batch, ask.again, round(now * NANO))
        state.numbers.pop(ask.batch, None)
        state.numbers = dict([*state.numbers.items(), (ask.batch, ask.number)][-KEPT_BATCHES:])
        kept = {*ask.running, *([ask.round] if ask.count > 0 else [])}
        self._give_back([each for each in state.lent if each.batch == ask.batch and each.round not in kept], now)
        for each in state.lent:
            if each.batch == ask.batch:
                each.seen, each.until = now, now + ask.lease

    def over(self, batches: Sequence[str], now: float) -> None:
        """These batches have ended: what they had is given back."""
        now = self.state.clock = max(now, self.state.clock)
        self._give_back([each for each in self.state.lent if each.batch in batches], now)
        for batch in batches:
            self._drop(batch)

    def silent(self, batch: str, seconds: float) -> list[str]:
        """Other batches that hold something and have not been heard of for so long."""
        state = self.state
        held = {each.batch for each in state.lent if each.seen + seconds < state.clock}
        return sorted(held - {batch})

    # --- deciding -----------------------------------------------------------------------------------------------

    def _decide(self, ask: Ask, gate: Gate, now: float) -> Answer:
        if gate.opens == "none" or (gate.opens == "trial" and self.state.lent):
            self._drop(ask.batch)
            return Answer(0, _until(gate, now), "circuit", self._others(ask.batch), gate.until)
        count = 1 if gate.opens == "trial" else ask.count
        if self.window is None:
            return self._lend(ask, count, now)
        count = min(count, self.window.most)
        least = -(-count // 2)  # less than half is not worth a piece: they would be ever smaller
        free = self._free() - self._for_others(ask.batch, now)
        if free >= least:
            return self._lend(ask, min(count, free), now)
        return self._refuse(ask, count, least - free, now)

    def _free(self) -> int:
        assert self.window is not None
        return self.window.limit - sum(count for _batch, count in self._used())

    def _used(self) -> Iterator[tuple[str, int]]:
        """Out, or back for less than the window."""
        yield from ((each.batch, each.count) for each in self.state.lent)
        yield from ((each.batch, each.count) for each in self.state.spent)

    def _for_others(self, batch: str, now: float) -> int:
        """What is left to those who wait and come in time.

        Who has less than a share leaves a piece to those who have less too and came before. Who has more leaves them
        all that they lack, and a piece to those with more who came before.
        """
        waiting = [each for each in self.state.tickets if each.batch != batch and each.come_at + GRACE >= now]
        own = next((each.since for each in self.state.tickets if each.batch == batch), now)
        lacks = self._lacks(batch)
        left = 0
        for each in waiting:
            theirs = min(self._lacks(each.batch), max(each.wants, each.count))
            if theirs > 0 and (lacks <= 0 or each.since < own):
                left += theirs if lacks <= 0 else min(each.count, theirs)
            elif lacks <= 0 and each.since < own:
                left += each.count
        return left

    def _lacks(self, batch: str) -> int:
        """What it has less than a share of the window; below 0 what it has more."""
        assert self.window is not None
        used = sum(count for whose, count in self._used() if whose == batch)
        return -(-self.window.limit // (1 + self._others(batch))) - used

    def _lend(self, ask: Ask, count: int, now: float) -> Answer:
        self.state.lent.append(Lent(ask.batch, ask.round, count, now + ask.lease, now))
        self._drop(ask.batch)
        return Answer(count, others=self._others(ask.batch))

    def _refuse(self, ask: Ask, count: int, missing: int, now: float) -> Answer:
        tickets = self.state.tickets
        ticket = next((each for each in tickets if each.batch == ask.batch), None)
        if ticket is None:
            ticket = Ticket(ask.batch, now, count, now)
            tickets.append(ticket)
        free_at = self._when(missing)
        poll = min(max((now - ticket.since) / 4, FIRST_POLL), LONGEST_POLL)
        ticket.count, ticket.wants, ticket.come_at = count, ask.wants, now + poll if free_at is None else free_at
        wait = min(max(ticket.come_at - now, 0.001), LONGEST_WAIT)
        return Answer(0, wait, "budget", self._others(ask.batch), free_at)

    def _when(self, missing: int) -> float | None:
        """When so many will be free; None where that hangs on pieces that are out."""
        assert self.window is not None
        for spent in sorted(self.state.spent, key=lambda each: each.at):
            missing -= spent.count
            if missing <= 0:
                return spent.at / NANO + self.window.seconds + 0.001
        return None

    def _others(self, batch: str) -> int:
        state = self.state
        return len(({each.batch for each in state.lent} | {each.batch for each in state.tickets}) - {batch})

    # --- giving back --------------------------------------------------------------------------------------------

    def _forget(self, now: float) -> None:
        """What is out of the window, who did not come back, what was never given back."""
        state = self.state
        self._give_back([each for each in state.lent if each.until < now], now)
        length = self._length
        state.spent = [grant for grant in state.spent if grant.at + length > now * NANO]
        state.tickets = [each for each in state.tickets if each.come_at + 60 * GRACE > now]

    @property
    def _length(self) -> int:
        """Of the window, in nanoseconds."""
        return round(self.window.seconds * NANO) if self.window else 0

    def _give_back(self, ended: list[Lent], now: float) -> None:
        if not ended:
            return
        state = self.state
        state.lent = [each for each in state.lent if each not in ended]
        for each in ended if self.window is not None else []:
            self._spend(each.batch, each.count, round(now * NANO))

    def _spend(self, batch: str, count: int, at: int) -> None:
        piece = max(1, self._length // PIECES)
        last = next((each for each in reversed(self.state.spent) if each.batch == batch), None)
        if last is not None and at // piece == last.at // piece:
            last.at, last.count = at, last.count + count  # later than true, never earlier
        else:
            self.state.spent.append(Spent(batch, at, count))

    def _drop(self, batch: str) -> None:
        self.state.tickets = [each for each in self.state.tickets if each.batch != batch]


def _until(gate: Gate, now: float) -> float:
    if gate.opens == "trial":
        return TRIAL_POLL
    return CIRCUIT_POLL if gate.until is None else min(max(gate.until - now, FIRST_POLL), CIRCUIT_POLL)
