"""Steady traffic: which jobs are called how often, in how many lanes; read by hand from untrusted JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.reading import Reader, clean_json, size_of

MOST_STREAMS = 20
MOST_ARGS = 100
MOST_CHARACTERS = 50_000


@dataclass(frozen=True)
class Stream:
    """One job, called so often a second by all lanes together, with these arguments in turn."""

    job: str
    per_second: float
    args: list[dict[str, Any]] = field(default_factory=lambda: [{}])


@dataclass(frozen=True)
class Plan:
    """Several lanes, each of which lasts some seconds and begins again: so every worker process gets some of them."""

    streams: list[Stream]
    lanes: int = 4
    lane_seconds: float = 25.0


@dataclass(frozen=True)
class Lane:
    """What one activity does: its share of the calls, for so long. ``key`` begins the keys of its calls."""

    streams: list[Stream]
    seconds: float
    key: str


@dataclass(frozen=True)
class Tally:
    """What became of the calls of a lane. ``missing``: jobs that its worker does not have."""

    served: int = 0
    degraded: int = 0
    refused: int = 0
    failed: int = 0
    skipped: int = 0
    """Not made, for too many were under way already."""
    missing: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.served + other.served,
            self.degraded + other.degraded,
            self.refused + other.refused,
            self.failed + other.failed,
            self.skipped + other.skipped,
            sorted({*self.missing, *other.missing}),
        )


def lane_of(plan: Plan, seconds: float, key: str) -> Lane:
    share = [Stream(each.job, each.per_second / plan.lanes, each.args) for each in plan.streams]
    return Lane(share, seconds, key)


# --- reading ------------------------------------------------------------------------------------------------------


def read_plan(given: Any) -> tuple[Plan | None, list[str]]:
    """The plan, or what is wrong with it, in sentences."""
    if not isinstance(given, Mapping) or size_of(given) > MOST_CHARACTERS:
        return None, [f"plan must be an object of at most {MOST_CHARACTERS:,} characters."]
    read = Reader(given)
    lanes, seconds = read.whole("lanes", 1, 50), read.number("lane_seconds", 1, 600)
    streams = _streams(read, given.get("streams"))
    if read.errors:
        return None, read.errors
    return Plan(streams, Plan.lanes if lanes is None else lanes, seconds or Plan.lane_seconds), []


def _streams(read: Reader, given: Any) -> list[Stream]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_STREAMS:
        read.errors.append(f"streams must be a list of 1 to {MOST_STREAMS} objects.")
        return []
    return [found for each in given if (found := _stream(read, each))]


def _stream(read: Reader, given: Any) -> Stream | None:
    if not isinstance(given, Mapping):
        read.errors.append("Each of the streams must be an object.")
        return None
    own = Reader(given)
    job, often = own.text("job", required=True), own.number("per_second", 0.001, 1_000)
    if often is None:
        own.errors.append("per_second must say how often a second.")
    args = _args(own, given.get("args", [{}]))
    read.errors += [f"streams: {error}" for error in own.errors]
    return None if own.errors or often is None else Stream(job, often, args)


def _args(own: Reader, given: Any) -> list[dict[str, Any]]:
    try:
        clean = clean_json(given)
    except ValueError:
        clean = None
    fits = isinstance(clean, list) and 0 < len(clean) <= MOST_ARGS and all(isinstance(each, dict) for each in clean)
    if not fits:
        own.errors.append(f"args must be a list of 1 to {MOST_ARGS} objects.")
        return []
    found: list[dict[str, Any]] = clean
    return found
