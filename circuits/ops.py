"""What needs ops, wherever on the site: circuits that are not closed, what waits for files, what hangs, no worker."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from circuits import faces, queries
from circuits.access import is_ops
from circuits.models import Change, Circuit
from circuits.unread import reading
from circuits.unread.reading import Waiting
from live.models import Pulse
from live.once import once
from live.queries import ALIVE, last_beat
from worker.resilience.circuit_state import FORCED_OPEN, OPEN


@dataclass(frozen=True)
class Needing:
    """A circuit as the index has it: its state is written there as soon as it changes."""

    title: str
    address: str
    face: str
    since: datetime | None
    retry_at: datetime | None
    reason: str

    @property
    def word(self) -> Any:
        return faces.WORDS[self.face]

    @property
    def kind(self) -> str:
        return faces.KINDS[self.face]


@dataclass(frozen=True)
class Hanging:
    """A worker process with calls that were given up on and have not come back; how many it said it bears."""

    process: str
    calls: int


@dataclass(frozen=True)
class Needs:
    """``unread``: the first of the workflows that wait for what is kept outside Temporal; so many are there."""

    circuits: Sequence[Needing]
    no_worker: bool
    unread: Sequence[Waiting] = ()
    number_unread: int = 0
    hanging: Sequence[Hanging] = ()

    @property
    def number(self) -> int:
        return len(self.circuits) + self.number_unread + len(self.hanging) + self.no_worker

    @property
    def more_unread(self) -> int:
        return self.number_unread - len(self.unread)

    @property
    def said(self) -> str:
        """In one line."""
        parts = [_needing_a_look(len(self.circuits)), _waiting_for_files(self.number_unread)]
        parts.append(_with_calls_that_hang(len(self.hanging)))
        parts = [part for part in parts if part]
        if self.no_worker:
            parts.append(_("and no worker runs") if parts else _("no worker runs"))
        return capfirst(", ".join(parts))

    @property
    def open(self) -> int:
        return sum(one.face in (OPEN, FORCED_OPEN) for one in self.circuits)


def for_ops(user: Any) -> Needs | None:
    """None for everybody else."""
    return once(("needs_ops",), needs) if is_ops(user) else None


def _needing_a_look(number: int) -> str:
    said = ngettext("%(number)s circuit needs a look", "%(number)s circuits need a look", number)
    return said % {"number": number} if number else ""


def _waiting_for_files(number: int) -> str:
    said = ngettext("%(number)s workflow waits for a file", "%(number)s workflows wait for files", number)
    return said % {"number": number} if number else ""


def _with_calls_that_hang(number: int) -> str:
    said = ngettext("calls hang in %(number)s process", "calls hang in %(number)s processes", number)
    return said % {"number": number} if number else ""


def needs() -> Needs:
    rows = queries.needing()
    openings = queries.openings(rows)
    titles = {name: str(service) for name, service in queries.services().items()} if rows else {}
    found = [_needing(row, titles.get(row.service, row.service), openings.get(row.pk)) for row in rows]
    found.sort(key=lambda one: (faces.rank(one.face), one.title.lower()))
    unread = reading.waiting()
    return Needs(found, not worker_alive(), unread, reading.number() if unread else 0, hanging())


def _needing(row: Circuit, title: str, opening: Change | None) -> Needing:
    """Since when the outage goes on, and what began it: not when the last trial failed."""
    since, reason = (opening.at, opening.reason) if opening else (row.since, row.reason)
    return Needing(title, row.get_absolute_url(), row.state, since, row.retry_at, reason)


def worker_alive() -> bool:
    last = last_beat()
    return last is not None and last > timezone.now() - ALIVE


def hanging() -> Sequence[Hanging]:
    """Of those that live: with a process its threads end."""
    living = Pulse.objects.filter(at__gt=timezone.now() - ALIVE).order_by("host", "pid")
    found = [(row, sum(offered.get("hanging", 0) for offered in row.serving.values())) for row in living]
    return [Hanging(f"{row.host}:{row.pid}", calls) for row, calls in found if calls]


def version() -> Hashable:
    return queries.version(), worker_alive(), reading.version(), len(hanging())
