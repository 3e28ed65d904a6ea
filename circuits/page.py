"""What the list of circuits and the page of one show, put together from what they say and what was written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import Http404
from django.utils import timezone

from approvals.recording import moment
from circuits import cards, faces, happened, queries
from circuits.cards import Card
from circuits.happened import Line
from circuits.lines import Chart, chart
from circuits.models import Rung, Service
from circuits.strips import Strip, strip
from circuits.told import Told, all_told, one_told
from live.elsewhere import workflow_url
from worker.circuit_contract import workflow_id_of
from worker.resilience.circuit_state import CLOSED, FORCED_OPEN, HALF_OPEN, OPEN

ALL, NEEDING = "all", "needs"
MOST_CARDS = 60
"""Beyond so many the others are named only."""
_HOUR, _DAY = timedelta(hours=1, minutes=1), timedelta(days=1, minutes=15)
_QUARTER = 900


@dataclass(frozen=True)
class Situation:
    """All circuits at a glance: counts by face, and what is refused a second."""

    view: str
    cards: Sequence[Card]
    total: int
    number_needing: int
    why: str
    at: datetime | None

    def _number(self, *names: str) -> int:
        return sum(card.face in names for card in self.cards)

    @property
    def shown(self) -> Sequence[Card]:
        return self.cards[:MOST_CARDS]

    @property
    def named(self) -> Sequence[Card]:
        return self.cards[MOST_CARDS:]

    @property
    def open(self) -> int:
        return self._number(OPEN, FORCED_OPEN)

    @property
    def half_open(self) -> int:
        return self._number(HALF_OPEN)

    @property
    def overridden(self) -> int:
        return self._number("disabled", "metrics_only")

    @property
    def silent(self) -> int:
        return self._number(faces.NO_DATA)

    @property
    def reporting(self) -> int:
        return len({name for card in self.cards for name in card.reporting})

    @property
    def calls(self) -> str:
        return cards.said(sum(card.calls or 0 for card in self.cards))

    @property
    def refused(self) -> str:
        number = sum(card.refused or 0 for card in self.cards)
        return cards.said(number) if number else ""

    @property
    def served(self) -> str:
        number = sum(card.served or 0 for card in self.cards)
        return cards.said(number) if number else ""


def situation(view: str) -> Situation:
    """The same number of reads however many circuits there are."""
    now = timezone.now()
    told = all_told()
    rows = [one.row for one in told if one.row]
    counted, turns = queries.samples(rows, now - _HOUR), queries.turns(rows, now - _HOUR)
    openings = queries.openings(rows)
    drawn = [
        cards.card(one, counted.get(_pk(one), ()), turns.get(_pk(one), ()), openings.get(_pk(one)), now) for one in told
    ]
    drawn.sort(key=lambda card: (faces.rank(card.face), card.told.title.lower()))
    needing = [card for card in drawn if card.needs]
    why = next((one.why for one in told if one.why in ("no_worker", "no_temporal", "no_answer")), "")
    at = max((one.at for one in told if one.at), default=None)
    return Situation(view, needing if view == NEEDING else drawn, len(drawn), len(needing), why, at)


def _pk(told: Told) -> int:
    return told.row.pk if told.row else 0


@dataclass(frozen=True)
class CircuitPage:
    """What changes by the second."""

    card: Card
    wanted: Service | None

    @property
    def told(self) -> Told:
        return self.card.told

    @property
    def state(self) -> Any:
        return self.card.state

    @property
    def callers(self) -> list[tuple[str, datetime]]:
        """The one that reported last first."""
        found = sorted((self.state.get("callers") or {}).items(), key=lambda one: -one[1])
        return [(name, moment(at)) for name, at in found[:20]]

    @property
    def more_callers(self) -> int:
        return max(0, len(self.state.get("callers") or {}) - 20)

    @property
    def rungs(self) -> list[Rung]:
        """The chain as the registry has it, the best first."""
        return list(self.wanted.rungs.all()) if self.wanted else []

    @property
    def config_until(self) -> datetime | None:
        return self.card.at("config_until")

    @property
    def run(self) -> Any:
        found = self.state.get("run") or {}
        return {**found, "started_at": moment(found["started_at"])} if found.get("started_at") else None

    @property
    def temporal_url(self) -> str:
        run = self.state.get("run") or {}
        return temporal_url(self.told.service, run.get("run_id", ""))

    @property
    def problems(self) -> Any:
        found = self.state.get("problems") or {}
        return {**found, "at": moment(found["at"])} if found.get("count") else None

    @property
    def failed_since(self) -> Any:
        """The last trial that failed, where it is open again because of it."""
        changed = [one for one in self.state.get("transitions", ()) if one["kind"] == "changed"]
        last = changed[-1] if changed else None
        return {**last, "at": moment(last["at"])} if last and last["cause"] == "probe_failed" else None


def circuit_page(service: str) -> CircuitPage:
    """Raises Http404 for what neither the rows nor Temporal know."""
    told = one_told(service)
    if told is None:
        raise Http404
    now = timezone.now()
    rows = [told.row] if told.row else []
    counted = queries.samples(rows, now - timedelta(minutes=cards.SHARES_OVER + 1)).get(_pk(told), ())
    opening = queries.openings(rows).get(_pk(told))
    return CircuitPage(cards.card(told, counted, (), opening, now), told.registered)


@dataclass(frozen=True)
class Past:
    """What changes by the minute, or when it changes its state."""

    hour: Strip
    day: Strip
    events: Sequence[Line]
    more: bool

    @cached_property
    def chart(self) -> Chart:
        return chart(self.hour.cells)


def past(service: str) -> Past:
    told = one_told(service)
    if told is None:
        raise Http404
    now = timezone.now()
    rows = [told.row] if told.row else []
    pk, state = _pk(told), told.state["state"] if told.state else CLOSED
    counted = cards.with_minute(queries.samples(rows, now - _DAY).get(pk, ()), told.state)
    turns = queries.turns(rows, now - _DAY).get(pk, [])
    lately = [turn for turn in turns if turn.at >= now - _HOUR]
    written = queries.changes(told.row) if told.row else []
    found = happened.lines(written, told.state)
    return Past(
        strip(now, width=60, number=60, counted=counted, turns=lately, state=state),
        strip(now, width=_QUARTER, number=96, counted=counted, turns=turns, state=state),
        found[: happened.SHOWN],
        len(found) > happened.SHOWN or len(written) == queries.KEPT_CHANGES,
    )


def temporal_url(service: str, run_id: str) -> str:
    """The entity's workflow in Temporal's own pages, where their address is known."""
    return workflow_url(workflow_id_of(service), run_id)
