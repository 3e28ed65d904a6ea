"""The one place that sets OpenTelemetry up: what makes spans in this process, and what becomes of them."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from worker.tracing.exporting import Plainly
from worker.tracing.interceptor import Interceptor
from worker.tracing.lines import Lines
from worker.tracing.workflows import Carrier

get_current()  # chosen when it is first asked for, by reading files: not in the sandbox of a workflow
W3C = TraceContextTextMapPropagator()
"""Not the variables' choice: baggage may be anything, and would stay in Temporal's histories."""
SOON = 1_000
"""Milliseconds until a span goes out; OpenTelemetry's own 5 s would be lost where a process ends suddenly."""


class Tracing:
    """Of one process."""

    def __init__(self, service: str) -> None:
        self.provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
        self.exporter = Plainly(OTLPSpanExporter())
        delay = None if os.environ.get("OTEL_BSP_SCHEDULE_DELAY") else SOON
        self.provider.add_span_processor(BatchSpanProcessor(self.exporter, schedule_delay_millis=delay))
        self.tracer = self.provider.get_tracer("leitstand")
        self.interceptor = Interceptor(self.tracer, self.of_workflow)
        self._lines = Lines(self.exporter)
        trace.set_tracer_provider(self.provider)  # for jobs and actions that make spans of their own
        for handler in logging.getLogger().handlers:
            handler.addFilter(self._lines)

    def end(self, seconds: float) -> None:
        """Shutting down may take as long as the collector does not answer: nobody waits for that."""
        ending = threading.Thread(target=self.provider.shutdown, name="the last traces", daemon=True)
        ending.start()
        ending.join(seconds)
        for handler in logging.getLogger().handlers:
            handler.removeFilter(self._lines)

    # --- spans --------------------------------------------------------------------------------------------------

    @contextmanager
    def serving(self, method: str, headers: Mapping[str, str]) -> Iterator[Callable[[str, int], None]]:
        about = {"http.request.method": method}
        with self._span(method, SpanKind.SERVER, about, {name.lower(): each for name, each in headers.items()}) as span:

            def answered(route: str, status: int) -> None:
                span.update_name(f"{method} {route}".strip())
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            yield answered

    @contextmanager
    def calling(self, method: str, host: str, port: int | None) -> Iterator["Calling"]:
        about: dict[str, str | int] = {"http.request.method": method, "server.address": host}
        if port:
            about["server.port"] = port
        with self._span(method, SpanKind.CLIENT, about) as span:
            yield Calling(span, self.passed_on())

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, about: Mapping[str, str | int], parent: Carrier | None = None
    ) -> Iterator[Span]:
        context = None if parent is None else W3C.extract(parent)
        with self.tracer.start_as_current_span(name, context, kind, about) as span:
            yield span

    def of_workflow(
        self, name: str, serves: bool, parent: Carrier, links: Sequence[Carrier], about: dict[str, str]
    ) -> Carrier:
        """One without length: what a workflow does takes none, and what it waits for has spans of its own."""
        linked = [Link(trace.get_current_span(W3C.extract(each)).get_span_context()) for each in links]
        kind = SpanKind.SERVER if serves else SpanKind.CLIENT
        span = self.tracer.start_span(name, W3C.extract(parent), kind, about, linked)
        span.end()
        carrier: Carrier = {}
        W3C.inject(carrier, trace.set_span_in_context(span))
        return carrier

    # --- the current one ----------------------------------------------------------------------------------------

    def passed_on(self) -> Carrier:
        """Only what names the span: what the vendor of a collector has added is nobody else's."""
        carrier: Carrier = {}
        W3C.inject(carrier)
        return {name: each for name, each in carrier.items() if name == "traceparent"}

    def note(self, numbers: Mapping[str, int]) -> None:
        trace.get_current_span().set_attributes({f"leitstand.{name}": each for name, each in numbers.items()})


class Calling:
    """A call that is a span: its headers, and what is said of it once it is answered."""

    def __init__(self, span: Span, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self._span = span

    def answered(self, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if status >= 400:
            self._span.set_status(StatusCode.ERROR)


def _resource(service: str) -> Resource:
    """As the variables say; ``service`` where they do not name it."""
    found = Resource.create()
    named = os.environ.get("OTEL_SERVICE_NAME") or f"{SERVICE_NAME}=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return found if named else found.merge(Resource({SERVICE_NAME: service}))
