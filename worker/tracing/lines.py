"""Log lines that name the trace and the span they belong to, and a collector's silence that is said once."""

import logging

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from worker.lines import name
from worker.tracing.exporting import Plainly


class Lines(logging.Filter):
    """For handlers. OpenTelemetry would repeat with every attempt that nobody takes what it sends."""

    def __init__(self, exporter: Plainly) -> None:
        super().__init__()
        self._exporter = exporter

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("opentelemetry."):
            return not self._exporter.failing
        span = get_current_span().get_span_context()
        if span.is_valid:
            name(record, trace_id=format_trace_id(span.trace_id), span_id=format_span_id(span.span_id))
        return True
