"""Spans on their way out, without the words of people: what an exception says may hold what somebody wrote."""

import logging
from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

log = logging.getLogger(__name__)

KEPT = "exception.type"


class Plainly(SpanExporter):
    """Of an exception, its type goes out. Of failures in a row, the first is logged."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export([plain(span) for span in spans])
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self.failing:
            log.warning("The collector takes no traces: they are dropped until it does. All else goes on.")
        elif self.failing and not failing:
            log.info("The collector takes traces again.")
        self.failing = failing
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def plain(span: ReadableSpan) -> ReadableSpan:
    if not span.events and not span.status.description:
        return span
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_plain(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _plain(event: Event) -> Event:
    said = {name: each for name, each in (event.attributes or {}).items() if name == KEPT}
    return Event(event.name, said if event.name == "exception" else event.attributes, event.timestamp)
