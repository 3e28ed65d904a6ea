"""Traces by OpenTelemetry, where its own variables name a collector; where they do not, nothing of it is imported.

Whoever calls these functions knows nothing of OpenTelemetry: without a collector each of them does nothing.
"""

import logging
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

if TYPE_CHECKING:
    from worker.tracing.spans import Tracing

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
FLUSH = 2.0
"""Seconds at most for what the collector was not sent yet: it may be the one thing that is down."""

_tracing: "Tracing | None" = None
_of_many: ContextVar[bool] = ContextVar("of_many", default=False)


def wanted() -> bool:
    """Whether a collector is named, and nothing else says that there shall be no traces."""
    exporters = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return any(map(os.environ.get, ENDPOINTS)) and not off and "otlp" in map(str.strip, exporters)


def begin(service: str) -> None:
    """Once in each process, after it was forked: what is sent is sent by a thread."""
    global _tracing
    if not wanted() or _tracing is not None:
        return
    spoken = next(filter(None, map(os.environ.get, PROTOCOLS)), "http/protobuf")
    if spoken != "http/protobuf":
        log.warning("There are no traces: the collector wants %s, and http/protobuf is all that is spoken.", spoken)
        return
    from worker.tracing.spans import Tracing

    _tracing = Tracing(service)


def end(seconds: float = FLUSH) -> None:
    """What is left goes out, as far as the collector takes it in time."""
    global _tracing
    if _tracing is not None:
        _tracing.end(seconds)
        _tracing = None


def interceptors() -> list[Any]:
    """For a client of Temporal; its workers take them over."""
    return [] if _tracing is None else [_tracing.interceptor]


# --- requests that come in ----------------------------------------------------------------------------------------

Answered = Callable[[str, int], None]
"""Said of a request once it is known: by which route it went, and its status."""


@contextmanager
def serving(method: str, headers: Mapping[str, str]) -> Iterator[Answered]:
    """A request to the site; in the trace of whoever sends it, if that one is traced."""
    if _tracing is None:
        yield lambda _route, _status: None
        return
    with _tracing.serving(method, headers) as answered:
        yield answered


# --- requests that go out -----------------------------------------------------------------------------------------


class Call(Protocol):
    """``headers``: what the request carries besides its own."""

    headers: Mapping[str, str]

    def answered(self, status: int) -> None: ...


class _Untold:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers

    def answered(self, status: int) -> None:
        """Nobody is told."""


_NOTHING = _Untold({})


@contextmanager
def calling(method: str, host: str, port: int | None) -> Iterator[Call]:
    """A request to a service. One for an item of a chunk is a span only as often as the settings say: else it carries
    the chunk's."""
    if _tracing is None:
        yield _NOTHING
    elif _of_many.get() and random.random() >= settings.TRACE_ITEMS:
        yield _Untold(_tracing.passed_on())
    else:
        with _tracing.calling(method, host, port) as call:
            yield call


def of_many() -> None:
    """From here on, in this context, calls are those of items: a million of them must not be a million spans."""
    _of_many.set(True)


def note(**numbers: int) -> None:
    """Counts of what is being done, on its span."""
    if _tracing is not None:
        _tracing.note(numbers)
