"""The spec of a batch and what is ordered of it while it runs, read by hand from untrusted JSON.

Nothing here raises for rubbish: what does not fit becomes a sentence, and a spec with a sentence is not begun.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from worker.batch_rungs import FALLBACK, RungSpec, read_rungs, usual_of
from worker.batch_strategy import ACTIVITIES, ATTEMPTS, PER_ITEM, TERMINATE, read_children
from worker.datasets.references import FORMATS
from worker.reading import Reader, as_object, claim_text, clean_json, size_of
from worker.resilience.pace import KINDS, Limit

PREFIX = "batch-"
MAX_INLINE_ITEMS = 10_000
MAX_INLINE = 1_000_000
"""Characters of inline items as JSON."""
MAX_CHUNK = 10_000
MAX_PARALLEL = 500
"""Chunks in flight: Temporal takes 2,000 pending activities of one workflow, and advises 500."""
MAX_PACES = 5
DAY = 86_400.0

FAIL, PAUSE = "fail", "pause"
SLIDING, ROLLING = "sliding", "rolling"


ORIGINS = ("uri", "items", "failed_of", "degraded_of")


@dataclass(frozen=True)
class SourceSpec:
    """Where the items come from: exactly one of ``uri``, ``items`` (spilled to a file first), ``failed_of``,
    ``degraded_of``.

    ``group``: of those failed items only the ones of this cause, by its fingerprint.
    """

    uri: str = ""
    format: str = "csv"
    sha256: str = ""
    size: int | None = None
    items: list[Any] | None = None
    failed_of: str = ""
    degraded_of: str = ""
    group: str = ""


@dataclass(frozen=True)
class BatchSpec:
    """A batch as it was ordered, with its defaults. Durations are in seconds."""

    title: str
    job: str
    job_args: dict[str, Any] = field(default_factory=dict)
    source: SourceSpec = field(default_factory=SourceSpec)
    item_key: str = ""
    chunk_size: int = 100
    max_parallel: int = 10
    item_attempts: int = 3
    item_timeout_seconds: float = 30.0
    chunk_timeout_seconds: float = 300.0
    window: str = SLIDING
    window_pause_seconds: float = 0.0
    pace: list[Limit] = field(default_factory=list)
    tolerated_failure_rate: float = 0.10
    on_tolerance: str = FAIL
    requester: str = ""
    service: str = ""
    """What the job calls: its budget and its circuit hold for each chunk."""
    strategy: str = ACTIVITIES
    parent_close_policy: str = TERMINATE
    wait: bool = True
    child_attempts: int = ATTEMPTS
    group_by: str = ""
    """A column: the items of each of its values are one child's."""
    fallbacks: list[RungSpec] = field(default_factory=list)
    on_open: str = FALLBACK
    hold_seconds: float = 3_600.0


@dataclass(frozen=True)
class ParsedSpec:
    """``spec`` is None where something is wrong with it."""

    spec: BatchSpec | None
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


_KNOWN = {
    "title", "job", "job_args", "source", "item_key", "chunk_size", "max_parallel", "item_attempts",
    "item_timeout_seconds", "chunk_timeout_seconds", "strategy", "window", "window_pause_seconds", "pace",
    "tolerated_failure_rate", "on_tolerance", "requester", "service", "parent_close_policy", "wait", "child_attempts",
    "group_by",
    "fallbacks", "on_open", "hold_seconds",
}  # fmt: skip


def read_spec(given: Any) -> ParsedSpec:
    """The spec, or all that is wrong with it."""
    if not isinstance(given, Mapping):
        return ParsedSpec(None, ("spec must be an object with title, job and source.",))
    read = Reader(given)
    job, service = read.text("job", required=True), read.text("service")
    rungs = read_rungs(read, job, service)
    usual = usual_of(service, rungs.fallbacks)
    spec = BatchSpec(
        title=read.text("title", required=True),
        job=job,
        job_args=as_object(read, "job_args", given.get("job_args")) if given.get("job_args") is not None else {},
        source=source_of(read),
        item_key=read.text("item_key"),
        chunk_size=read.whole("chunk_size", 1, MAX_CHUNK) or 100,
        max_parallel=read.whole("max_parallel", 1, MAX_PARALLEL) or 10,
        item_attempts=read.whole("item_attempts", 1, 100) or usual.attempts,
        item_timeout_seconds=read.number("item_timeout_seconds", 0.01, DAY) or usual.timeout_seconds,
        chunk_timeout_seconds=read.number("chunk_timeout_seconds", 1, 7 * DAY) or 300.0,
        window=_one_of(read, "window", (SLIDING, ROLLING)),
        window_pause_seconds=read.number("window_pause_seconds", 0, DAY) or 0.0,
        pace=_paces(read),
        tolerated_failure_rate=_rate(read),
        on_tolerance=_one_of(read, "on_tolerance", (FAIL, PAUSE)),
        requester=read.text("requester"),
        **read_children(read),
        service=service,
        fallbacks=rungs.fallbacks,
        on_open=rungs.on_open,
        hold_seconds=rungs.hold_seconds,
    )
    if spec.strategy == PER_ITEM:
        spec = replace(spec, chunk_size=1)
    warnings = tuple(read.unknown(_KNOWN))
    return ParsedSpec(None if read.errors else spec, tuple(read.errors), warnings)


def _one_of(read: Reader, name: str, known: tuple[str, ...]) -> str:
    value = read.given.get(name)
    if value is not None and value not in known:
        read.errors.append(f"{name} must be {' or '.join(known)}.")
    return value if value in known else known[0]


def _rate(read: Reader) -> float:
    rate = read.number("tolerated_failure_rate", 0, 1)
    return 0.10 if rate is None else rate


# --- the source -----------------------------------------------------------------------------------------------------


def source_of(read: Reader, name: str = "source") -> SourceSpec:
    """What stands under this name."""
    given = read.given.get(name)
    if not isinstance(given, Mapping) or sum(given.get(key) is not None for key in ORIGINS) != 1:
        read.errors.append(f"{name} must be an object with one of uri, items and failed_of.")
        return SourceSpec()
    inner = Reader(given)
    source = SourceSpec(
        uri=inner.text("uri", limit=2_000),
        format=_one_of(inner, "format", FORMATS),
        sha256=inner.text("sha256"),
        size=inner.whole("size", 0, 2**53),
        items=_items(inner),
        failed_of=inner.text("failed_of"),
        degraded_of=inner.text("degraded_of"),
        group=inner.text("group"),
    )
    if source.group and not source.failed_of:
        inner.errors.append("group goes with failed_of only.")
    if source.sha256 and (len(source.sha256) != 64 or set(source.sha256.lower()) - set("0123456789abcdef")):
        inner.errors.append("sha256 must be 64 hexadecimal digits.")
    read.errors += [f"{name}: {error}" for error in inner.errors]
    return source


def _items(read: Reader) -> list[Any] | None:
    items = read.given.get("items")
    if items is None:
        return None
    if not isinstance(items, list) or not 0 < len(items) <= MAX_INLINE_ITEMS:
        read.errors.append(f"items must be a list of 1 to {MAX_INLINE_ITEMS:,}; put more into a file and give its uri.")
        return None
    if size_of(items) > MAX_INLINE:
        read.errors.append(f"items take more than {MAX_INLINE:,} characters as JSON; put them into a file.")
        return None
    try:
        return [clean_json(item) for item in items]
    except ValueError:
        read.errors.append("items must be nested 20 deep at most.")
        return None


# --- the pace -------------------------------------------------------------------------------------------------------


def _paces(read: Reader) -> list[Limit]:
    limits, errors = read_pace(read.given.get("pace"))
    read.errors += errors
    return limits


def read_pace(given: Any) -> tuple[list[Limit], list[str]]:
    """None, one limit or a list of them; all must allow."""
    several = [] if given is None else given if isinstance(given, list) else [given]
    if len(several) > MAX_PACES:
        return [], [f"pace must be at most {MAX_PACES} limits."]
    limits, errors = [], []
    for one in several:
        limit, wrong = _limit(one)
        errors += wrong
        limits += [limit] if limit else []
    return limits, errors


def _limit(given: Any) -> tuple[Limit | None, list[str]]:
    if not isinstance(given, Mapping):
        return None, ["pace must be an object with kind, limit and per_seconds, a list of them, or null."]
    read = Reader(given)
    kind = read.given.get("kind")
    if kind not in KINDS:
        read.errors.append(f"kind must be {' or '.join(KINDS)}.")
    limit, per = read.whole("limit", 1, 10**9), read.number("per_seconds", 0.001, 31 * DAY)
    if limit is None or per is None:
        read.errors = read.errors or ["limit and per_seconds are needed."]
    burst = read.whole("burst", 1, 10**9)
    if read.errors or limit is None or per is None:
        return None, [f"pace: {error}" for error in read.errors]
    return Limit(str(kind), limit, per, burst), []


# --- what is ordered while it runs ----------------------------------------------------------------------------------

MAX_REASON = 1_000
MAX_SHOWN = 2**53


@dataclass(frozen=True)
class Ordered:
    """Who ordered what, why, and under which id: the same id counts once.

    ``shown``: the number of interventions that they had seen; None: it counts whatever happened meanwhile.
    """

    actor: str = ""
    reason: str = ""
    id: str = ""
    shown: int | None = None
    action: str = ""


@dataclass(frozen=True)
class Limits:
    """None: as it is. An empty pace is no pace."""

    max_parallel: int | None = None
    pace: list[Limit] | None = None
    order: Ordered = field(default_factory=Ordered)


def read_order(action: str, actor: Any, reason: Any, order_id: Any, shown: Any = None) -> Ordered:
    """Rubbish as ``shown`` checks nothing."""
    seen = Reader({"shown": shown}).whole("shown", 0, MAX_SHOWN)
    return Ordered(claim_text(actor)[0], claim_text(reason, MAX_REASON)[0], claim_text(order_id)[0], seen, action)


def read_limits(given: Any) -> tuple[Limits | None, list[str]]:
    """New limits, or None and why; a key that is left out stays as it is, a pace of null is no pace."""
    if not isinstance(given, Mapping):
        return None, ["set_limits takes an object with max_parallel, pace or both."]
    read = Reader(given)
    parallel = read.whole("max_parallel", 1, MAX_PARALLEL)
    pace = _paces(read) if "pace" in given else None
    if parallel is None and pace is None and not read.errors:
        read.errors.append("set_limits needs max_parallel, pace or both.")
    if read.errors:
        return None, read.errors
    about = (given.get(name) for name in ("actor", "reason", "order_id", "shown"))
    return Limits(parallel, pace, read_order("limits", *about)), []


def read_sample(given: Any) -> tuple[int, list[str]]:
    """How many failed items are to be run again; 0: all of them."""
    read = Reader({"sample": given})
    return read.whole("sample", 0, 2**53) or 0, read.errors
