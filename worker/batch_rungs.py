"""Who serves an item in the place of a batch's job, and what becomes of it while the circuit is open: read by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.reading import Reader, as_object
from worker.resilience.fallback import GUARDED_PRIMARY, PRIMARY, SECONDARY, TERTIARY, Patience

FALLBACK, HOLD, FAIL = "fallback", "hold", "fail"
ON_OPEN = (FALLBACK, HOLD, FAIL)
MOST_RUNGS = 5
MAX_RUNG = 50
DAY = 86_400.0
ALONE = Patience(30.0, 3)


@dataclass(frozen=True)
class RungSpec:
    """One rung below the job. ``service``: the circuit that its calls go through, or ""."""

    name: str
    job: str
    job_args: dict[str, Any] = field(default_factory=dict)
    timeout_seconds: float = SECONDARY.timeout_seconds
    attempts: int = SECONDARY.attempts
    service: str = ""

    @property
    def patience(self) -> Patience:
        return Patience(self.timeout_seconds, self.attempts)


@dataclass(frozen=True)
class WithRungs:
    """The part of a spec that this reads. ``on_open``: what becomes of an item while the circuit is open."""

    fallbacks: list[RungSpec] = field(default_factory=list)
    on_open: str = FALLBACK
    hold_seconds: float = 3_600.0


def usual_of(service: str, fallbacks: list[RungSpec]) -> Patience:
    """How long and how often the job is tried where nothing is said of it: less where others can serve."""
    if not fallbacks:
        return ALONE
    return GUARDED_PRIMARY if service else PRIMARY


def on_open_of(spec: Any) -> str:
    """In force: where there is nobody to fall back on, an item is held. "" where no circuit is watched."""
    if not spec.service:
        return ""
    return HOLD if spec.on_open == FALLBACK and not spec.fallbacks else str(spec.on_open)


def read_rungs(read: Reader, job: str, service: str) -> WithRungs:
    """Errors are left with ``read``."""
    on_open = read.given.get("on_open")
    if on_open is not None and on_open not in ON_OPEN:
        read.errors.append(f"on_open must be {', '.join(ON_OPEN[:-1])} or {FAIL}.")
    elif on_open in (HOLD, FAIL) and not service:
        read.errors.append(f"on_open: {on_open} needs a service: there is no circuit that could be open without one.")
    return WithRungs(
        fallbacks=_fallbacks(read, job, service),
        on_open=on_open if on_open in ON_OPEN else FALLBACK,
        hold_seconds=read.number("hold_seconds", 0.01, 31 * DAY) or 3_600.0,
    )


def _fallbacks(read: Reader, job: str, service: str) -> list[RungSpec]:
    given = read.given.get("fallbacks")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_RUNGS:
        read.errors.append(f"fallbacks must be a list of at most {MOST_RUNGS} objects, each with a name and a job.")
        return []
    rungs = [_rung(read, place, one) for place, one in enumerate(given)]
    found = [rung for rung in rungs if rung is not None]
    read.errors += [f"fallbacks: {error}" for error in _odd(found, job, as_given(read), service)]
    return found


def as_given(read: Reader) -> dict[str, Any]:
    args = read.given.get("job_args")
    return dict(args) if isinstance(args, Mapping) else {}


def _rung(read: Reader, place: int, given: Any) -> RungSpec | None:
    number = place + 1
    if not isinstance(given, Mapping):
        read.errors.append(f"fallbacks: number {number} must be an object with a name and a job.")
        return None
    inner = Reader(given)
    usual = TERTIARY if place else SECONDARY
    rung = RungSpec(
        name=inner.text("name", limit=MAX_RUNG, required=True),
        job=inner.text("job", required=True),
        job_args=as_object(inner, "job_args", given.get("job_args")) if given.get("job_args") is not None else {},
        timeout_seconds=inner.number("timeout_seconds", 0.01, DAY) or usual.timeout_seconds,
        attempts=inner.whole("attempts", 1, 100) or usual.attempts,
        service=inner.text("service"),
    )
    read.errors += [f"fallbacks: number {number}: {error}" for error in inner.errors]
    return None if inner.errors else rung


def _odd(rungs: list[RungSpec], job: str, job_args: dict[str, Any], service: str) -> list[str]:
    """What each is alone is sound; together they are not."""
    errors = []
    names: set[str] = set()
    services = {service} if service else set()
    for rung in rungs:
        if (rung.job, rung.job_args) == (job, job_args):
            errors.append(f"{rung.name!r} names itself: it is the very job that it is to stand in for.")
        if rung.name in names:
            errors.append(f"{rung.name!r} is there twice: results could not say which of them served.")
        if rung.service and rung.service in services:
            errors.append(f"{rung.name!r} stands behind the circuit {rung.service!r} as one above it does: "
                          "while that is open, both are refused.")  # fmt: skip
        names.add(rung.name)
        services.add(rung.service)
    return errors
