"""One circuit as people see it: its state, its one big number, its gauges and its last hour."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import formats

from approvals.recording import moment
from circuits import faces
from circuits.models import Change
from circuits.queries import NEEDS, Counted, Turn
from circuits.strips import Strip, strip
from circuits.told import Told
from worker.resilience.circuit_state import CLOSED, FORCED_OPEN, METRICS_ONLY, OPEN, OVERRIDES

MINUTE, HOUR = 60, 60
SHARES_OVER = 5
"""Minutes that the shares of the rungs are about: long enough to hold still, short enough to be of now."""
ACTIVE = 30.0
"""Seconds since a report within which a caller counts as reporting."""


@dataclass(frozen=True)
class Gauge:
    """``share`` fills it and ``limit`` is marked in it, both from 0 to 100; ``kind`` colours it."""

    name: str
    share: float
    limit: float | None
    kind: str
    number: int
    of: int

    @property
    def percent(self) -> str:
        return percent(self.share)


@dataclass(frozen=True)
class Rung:
    """Who served how many of the calls that were wanted. "" is the service itself, ``unserved`` nobody."""

    name: str
    number: int
    share: float
    unserved: bool = False

    @property
    def percent(self) -> str:
        return percent(self.share)


@dataclass(frozen=True)
class Card:
    told: Told
    face: str
    strip: Strip
    gauges: Sequence[Gauge]
    rungs: Sequence[Rung]
    rungs_from: datetime
    """When the time begins that their shares are about."""
    opening: Change | None
    rates: Mapping[str, float | None]
    """A second: calls made, failed, refused, served by a fallback; None: nobody knows just now."""
    now: datetime

    @property
    def state(self) -> Mapping[str, Any]:
        return self.told.state or {}

    @property
    def word(self) -> Any:
        return faces.WORDS.get(self.face, self.face)

    @property
    def kind(self) -> str:
        return faces.KINDS.get(self.face, "off")

    @property
    def needs(self) -> bool:
        return self.face in NEEDS

    @property
    def address(self) -> str:
        return reverse("circuits:circuit", args=[self.told.service])

    @property
    def key(self) -> str:
        """For ids: the same for the same circuit, whatever its name holds."""
        return str(self.told.row.pk) if self.told.row else f"new-{self.told.service.encode().hex()}"

    @property
    def overridden(self) -> bool:
        return self.face in OVERRIDES

    def at(self, name: str) -> datetime | None:
        seconds = self.state.get(name)
        return None if seconds is None else moment(seconds)

    @property
    def since(self) -> datetime | None:
        return self.at("since")

    @property
    def opened_at(self) -> datetime | None:
        return self.at("opened_at")

    @property
    def retry_at(self) -> datetime | None:
        return self.at("retry_at")

    @property
    def would_open_at(self) -> datetime | None:
        return self.at("would_open_at")

    @property
    def last_report_at(self) -> datetime | None:
        return self.at("last_report_at")

    @property
    def override(self) -> Mapping[str, Any] | None:
        found = self.state.get("override")
        return {**found, "since": moment(found["since"]), "until": moment(found["until"])} if found else None

    @property
    def trials(self) -> int:
        return int(self.state["config"]["half_open_attempts"])

    @property
    def good(self) -> int:
        return int(self.state["successes"])

    @property
    def probes(self) -> list[Mapping[str, Any]]:
        return [
            {**one, "granted_at": moment(one["granted_at"]), "expires_at": moment(one["expires_at"])}
            for one in self.state.get("probes", ())
        ]

    @property
    def began(self) -> Any:
        """The event that opened it: of the outage that goes on, not of the last trial that failed."""
        if self.opening is not None and self.opening.at == self.opened_at:
            return self.opening
        events = [one for one in self.state.get("transitions", ()) if one["kind"] == "changed"]
        opened = [one for one in events if one["target"] in (OPEN, FORCED_OPEN)]
        return next((one for one in opened if one["at"] == self.state.get("opened_at")), None)

    @property
    def last_failure(self) -> Mapping[str, Any] | None:
        found = self.state.get("last_failure")
        return {**found, "at": moment(found["at"])} if found and found["at"] else None

    @property
    def calls(self) -> float | None:
        return self.rates["calls"]

    @property
    def refused(self) -> float | None:
        return self.rates["refused"]

    @property
    def served(self) -> float | None:
        return self.rates["served"]

    @property
    def calls_said(self) -> str:
        return said(self.rates["calls"])

    @property
    def failing_said(self) -> str:
        return said(self.rates["failed"])

    @property
    def refused_said(self) -> str:
        return said(self.rates["refused"])

    @property
    def served_said(self) -> str:
        return said(self.rates["served"])

    @property
    def reporting(self) -> list[str]:
        """Callers that have reported just now."""
        callers = self.state.get("callers") or {}
        return [name for name, at in callers.items() if at > self.now.timestamp() - ACTIVE]

    @property
    def standing_in(self) -> Rung | None:
        """The rung that serves the most, where one does."""
        stands = [rung for rung in self.rungs if rung.name and not rung.unserved]
        return max(stands, key=lambda rung: rung.number, default=None)


def card(told: Told, counted: Sequence[Counted], turns: Sequence[Turn], opening: Change | None, now: datetime) -> Card:
    counted = with_minute(counted, told.state)
    state = told.state["state"] if told.state else CLOSED
    begin = _shares_from(told, now)
    return Card(
        told=told,
        face=faces.face_of(told.state, now),
        strip=strip(now, width=MINUTE, number=HOUR, counted=counted, turns=turns, state=state),
        gauges=list(gauges(told.state)) if told.state else [],
        rungs=rungs([one for one in counted if one.minute >= begin]),
        rungs_from=begin,
        opening=opening,
        rates=rates(told, counted, now),
        now=now,
    )


def _shares_from(told: Told, now: datetime) -> datetime:
    """A few minutes back, and no further than it has been in its state: before that others served."""
    minute = now.replace(second=0, microsecond=0)
    begin = minute - timedelta(minutes=SHARES_OVER - 1)
    since = told.state["since"] if told.state else None
    if since is None or moment(since) < begin:
        return begin
    return min(minute, moment(math.ceil(since / MINUTE) * MINUTE))


def with_minute(counted: Sequence[Counted], state: Mapping[str, Any] | None) -> list[Counted]:
    """The minute that runs is written down when it is over; until then the entity alone knows it."""
    running = state.get("minute") if state else None
    if not running:
        return list(counted)
    begin = moment(running["start"])
    now = Counted(
        begin, running["ok"], running["failed"], running["slow"], running["refused"], running["fallback"],
        running["state"],
    )  # fmt: skip
    return [*(one for one in counted if one.minute != begin), now]


def gauges(state: Mapping[str, Any]) -> Sequence[Gauge]:
    """Failures in a row against their threshold; shares of failed and slow calls, with a limit where one is set."""
    config, window = state["config"], state["window"]
    row, most = state["failure_count"], config["failure_threshold"]
    found = [Gauge("row", min(100.0, 100 * row / most), None, _kind(row / most), row, most)]
    # Only while calls go through is the window filled; else it is of the last seconds.
    calls, failed = window["ok"] + window["failed"], window["failed"]
    if state["state"] not in (CLOSED, METRICS_ONLY):
        calls, failed = state["recent"]["calls"], state["recent"]["failed"]
    found.append(_share("failed", failed, calls, config["failure_rate"]))
    if config["slow_seconds"] is not None:
        found.append(_share("slow", window["slow"], window["ok"] + window["failed"], config["slow_rate"]))
    return found


def _share(name: str, number: int, of: int, limit: float | None) -> Gauge:
    share = min(100.0, 100 * number / of) if of else 0.0
    kind = ("wait" if share >= 10 else "ok") if limit is None else _kind(share / 100 / limit)
    return Gauge(name, share, None if limit is None else 100 * limit, kind, number, of)


def _kind(reached: float) -> str:
    """How much of what opens it is reached."""
    return "bad" if reached >= 1 else "wait" if reached >= 0.5 else "ok"


def rates(told: Told, counted: Sequence[Counted], now: datetime) -> dict[str, float | None]:
    """Of the last seconds, as the entity says; where it was not asked, of the last minute that was written down."""
    if told.live and told.state:
        recent = told.state["recent"]
        names = {"calls": "calls", "failed": "failed", "refused": "refused", "served": "fallback"}
        return {name: recent[given] / recent["seconds"] for name, given in names.items()}
    full = [one for one in counted if timedelta(minutes=1) <= now - one.minute < timedelta(minutes=3)]
    if not full:
        return dict.fromkeys(("calls", "failed", "refused", "served"))
    last = full[-1]
    numbers = {"calls": last.ok + last.failed, "failed": last.failed, "refused": last.refused}
    return {name: number / MINUTE for name, number in {**numbers, "served": sum(last.fallback.values())}.items()}


def rungs(counted: Sequence[Counted]) -> list[Rung]:
    """Shares of all calls that were wanted. Nobody served those that failed or were refused and went no further."""
    made, missed = sum(one.ok for one in counted), sum(one.failed + one.refused for one in counted)
    served: dict[str, int] = {}
    for one in counted:
        for name, number in one.fallback.items():
            served[name] = served.get(name, 0) + number
    unserved = max(0, missed - sum(served.values()))
    wanted = made + sum(served.values()) + unserved
    if not wanted:
        return []
    numbers = [("", made, False), *((name, number, False) for name, number in served.items()), ("", unserved, True)]
    return [
        Rung(name, number, 100 * number / wanted, nobody)
        for name, number, nobody in numbers
        if number or not (name or nobody)
    ]


def percent(share: float) -> str:
    """Whole from ten on, else with one digit; never "0" for what is more than nothing."""
    return f"{said(share)} %"


def said(number: float | None) -> str:
    """A rate: whole from ten on, else with one digit; never "0" for what is more than nothing, or not known."""
    if number is None:
        return "–"
    if 0 < number < 0.1:
        return "<0.1"
    digits = 0 if number >= 10 or number == round(number) else 1
    return str(formats.number_format(number, digits, use_l10n=True, force_grouping=True))
