"""Traces, as a collector on loopback hears them: a click is one with all it causes, and nobody's words are in it."""

import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from functools import partial
from types import SimpleNamespace

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from temporalio.api.common.v1 import Header, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.converter import PayloadConverter

from approvals.models import Request, Status
from tests.accounts.receiver import Program, says
from tests.approvals.core.conftest import waiting  # noqa: F401  (a fixture, found by its name here)
from tests.architecture.rules import ROOT
from tests.temporal import LONG, InProcess, until
from worker import client as door
from worker import tracing
from worker.tracing import workflows

SECRET = "salary 4711"
"""What people write, and what must not leave the house."""
HTTP_SECRET = 'tok"en-4711'
CLICK = "POST approvals/<uuid:uuid>/decide/"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SENDER = f"00-{TRACE}-b7ad6b7169203331-01"


class Collector(Program):
    """Takes OTLP over HTTP as any collector does."""

    def spans(self):
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found += [read(span) for scope in resource.scope_spans for span in scope.spans]
        return found

    def has(self, *names, of=None):
        """Until each of these has come, in this trace if one is named: all spans of it."""

        def there():
            found = [span for span in self.spans() if of in (None, span.trace)]
            return found if set(names) <= {span.name for span in found} else None

        return until(there, what=f"{names} among {[span.name for span in self.spans()]}")

    def quiet(self):
        """Until what has been told so far has come: it goes out in its order."""
        with tracing.serving("GET", {}) as answered:
            answered(mark := f"mark-{uuid.uuid4()}", 200)
        return [span for span in self.has(f"GET {mark}") if not span.name.startswith("GET mark-")]


def read(span):
    about = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    links = [link.trace_id.hex() for link in span.links]
    return SimpleNamespace(
        name=span.name, trace=ids[0], id=ids[1], parent=ids[2], about=about, links=links, status=span.status.code
    )


@pytest.fixture(scope="module")
def listening():
    """A collector, and the variables that name it."""
    collector = Collector()
    before = dict(os.environ)
    os.environ |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    yield collector
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    collector.close()


@pytest.fixture(scope="module")
def again(listening, _worker: InProcess):
    """The site's client and the worker, both in this process, begun anew with traces."""

    def again(*changes):
        _worker.stop()
        for change in changes:
            change()
        door.forget()
        _worker.start()

    begin = partial(tracing.begin, "tests")
    again(begin)
    yield partial(again, tracing.end, begin)
    again(tracing.end)


@pytest.fixture
def collector(listening, again):
    listening.quiet()
    listening.calls.clear()
    return listening


def click(client, request: Request, person, level="manager"):
    """In the browser, behind a proxy that has begun a trace: which one."""
    client.force_login(person)
    of = uuid.uuid4().hex
    given = {"verdict": "approve", "level": level, "comment": SECRET, "decision_id": str(uuid.uuid4())}
    sent = {"HTTP_ACCEPT": "application/json", "HTTP_TRACEPARENT": f"00-{of}-b7ad6b7169203331-01"}
    response = client.post(f"/approvals/{request.uuid}/decide/", given, **sent)
    assert response.json()["state"] in ("recorded", "recording"), response.content
    return of


def above(spans, name):
    """The names from the first span of this name up to the root of its trace."""
    by_id = {span.id: span for span in spans}
    at = next(span for span in spans if span.name == name)
    way = [at.name]
    while at := by_id.get(at.parent):
        way.append(at.name)
    return way


# --- a decision ---------------------------------------------------------------------------------------------------


def test_a_click_is_one_trace_with_its_signal_its_activities_and_the_call_of_the_action(
    collector, client, rita, maria, program, waiting  # noqa: F811
):  # fmt: skip
    program.answer = says(200, b"{}")
    headers = {"Authorization": "Bearer {secret.ERP}", "X-Note": SECRET}
    request = waiting(action={"name": "http", "args": {"url": program.url, "headers": headers}})
    of = click(client, request, maria)
    spans = collector.has("POST", "RunActivity:close_request", CLICK, of=of)
    signal = ["HandleSignal:approve_step", "SignalWorkflow:approve_step", CLICK]
    assert above(spans, "RunActivity:record_claims")[1:] == ["StartActivity:record_claims", *signal]
    assert above(spans, "POST") == ["POST", "RunActivity:run_action", "StartActivity:run_action", *signal]
    (called, _body), call = program.calls[0], next(span for span in spans if span.name == "POST")
    assert called["traceparent"].startswith(f"00-{of}-{call.id}-")
    assert (called["Authorization"], called["X-Note"]) == (f"Bearer {HTTP_SECRET}", SECRET)
    assert call.about["http.response.status_code"] == 200
    assert next(span for span in spans if span.name == signal[0]).about["temporalWorkflowID"] == request.workflow_id
    for words in (b"4711", b"maria", b"rita", b"Laptops"):
        assert not [body for body in collector.bodies if words in body]


def test_a_replay_tells_nothing_again(collector, client, rita, maria, dirk, waiting, house):  # noqa: F811
    request = waiting(50_000)
    first = click(client, request, maria)
    until(lambda: Request.objects.get(pk=request.pk).current_step == 1, what="the next level")
    collector.has("RunActivity:open_level", of=first)
    house.worker.stop()
    house.worker.start()
    second = click(client, request, dirk, "director")
    collector.has("RunActivity:close_request", of=second)
    for of in (first, second):
        names = Counter(span.name for span in collector.quiet() if span.trace == of)
        assert names["HandleSignal:approve_step"] == names["StartActivity:record_claims"] == 1, names


def test_what_comes_long_after_its_cause_is_a_trace_of_its_own_linked_to_it(
    collector, client, rita, maria, waiting, monkeypatch  # noqa: F811
):  # fmt: skip
    request = waiting()
    monkeypatch.setattr(workflows, "LASTS", -1.0)
    of = click(client, request, maria)
    spans = collector.has("RunActivity:record_claims", "HandleSignal:approve_step")
    later = next(span for span in spans if span.name == "StartActivity:record_claims")
    assert (later.links, later.parent) == ([of], "")
    assert above(spans, "RunActivity:record_claims") == ["RunActivity:record_claims", "StartActivity:record_claims"]


def test_what_a_program_sends_along_is_taken_and_what_cannot_be_read_harms_nothing(
    collector, house, rita, maria, waiting  # noqa: F811
):  # fmt: skip
    request = waiting(50_000)
    for carried, level in (
        ({"traceparent": ["odd"]}, "nowhere"),
        ({"traceparent": SENDER, "baggage": SECRET}, "manager"),
    ):
        header = Header(fields={workflows.HEADER: PayloadConverter.default.to_payloads([carried])[0]})
        signal = SignalWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=request.workflow_id),
            signal_name="approve_step",
            header=header,
        )
        signal.input.payloads.extend(PayloadConverter.default.to_payloads([level, "maria"]))
        house.run(house.client.workflow_service.signal_workflow_execution(signal))
    until(lambda: Request.objects.get(pk=request.pk).current_step == 1, what="the next level")
    spans = collector.has("HandleSignal:approve_step", "RunActivity:record_claims", of=TRACE)
    assert next(span for span in spans if span.name == "HandleSignal:approve_step").parent == SENDER.split("-")[2]


@pytest.mark.parametrize(
    "carrier",
    [None, 7, "x", [], {}, {"traceparent": None}, {"traceparent": SENDER + "\n"}, {"traceparent": SENDER.upper()}],
)
def test_a_header_that_is_none_is_left_alone(carrier):
    assert workflows.carried({workflows.HEADER: PayloadConverter.default.to_payloads([carrier])[0]}) == {}


# --- a batch ------------------------------------------------------------------------------------------------------


def start(program, items):
    """As the site does it, within a request."""
    spec = {
        "title": SECRET,
        "job": "http",
        "job_args": {"url": program.url},
        "chunk_size": 10,
        "source": {"items": items},
    }
    with tracing.serving("POST", {}) as answered:
        workflow_id = f"batch-{uuid.uuid4()}"
        door.start("BatchWorkflow", [spec], workflow_id=workflow_id, task_queue="leitstand")
        answered("batches/new/", 302)
    return workflow_id


def test_a_chunk_is_a_span_and_its_items_carry_it(collector, program, house, settings):
    assert settings.TRACE_ITEMS == 0
    program.answer = says(200)
    id = start(program, [{"name": SECRET}] * 30)
    assert house.run(house.client.get_workflow_handle(id).result())["successful"] == 30
    of = collector.has("POST batches/new/")[0].trace
    spans = collector.has("RunActivity:run_chunk", "RunActivity:close_batch", of=of)
    chunks = {span.id: span for span in spans if span.name == "RunActivity:run_chunk"}
    carried = {tuple(headers["traceparent"].split("-")[1:3]) for headers, _body in program.calls}
    assert carried == {(of, id) for id in chunks}
    assert sum(span.about["leitstand.chunks"] for span in chunks.values()) == 3
    assert len(program.calls) == 30
    assert len([span for span in spans if span.name == "POST"]) == 0
    assert above(spans, "RunActivity:run_chunk")[1:] == [
        "StartActivity:run_chunk", "RunWorkflow:BatchWorkflow", "StartWorkflow:BatchWorkflow", "POST batches/new/"
    ]  # fmt: skip
    assert not [body for body in collector.bodies if b"4711" in body]


def test_items_are_spans_as_often_as_the_settings_say(collector, program, house, settings):
    settings.TRACE_ITEMS = 1.0
    program.answer = says(404)
    id = start(program, [1, 2, 3])
    house.run(house.client.get_workflow_handle(id).result())
    spans = collector.has("RunActivity:run_chunk", "RunActivity:close_batch", "POST")
    items = [span for span in spans if span.name == "POST"]
    assert [(item.about["http.response.status_code"], item.status) for item in items] == [(404, 2)] * 3
    assert above(spans, "POST")[1] == "RunActivity:run_chunk"


# --- lines, words, troubles ---------------------------------------------------------------------------------------


def test_log_lines_name_the_trace_that_they_belong_to(collector, caplog):
    with tracing.serving("GET", {"Traceparent": SENDER}):
        logging.getLogger("approvals").warning("%s is late", "A-1")
    logging.getLogger("approvals").warning("nobody asked")
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith(f"A-1 is late [trace_id={TRACE} span_id=")
    assert second == "nobody asked"


def test_of_what_was_raised_the_kind_goes_out_and_not_the_words(collector):
    tracer = tracing._tracing.provider.get_tracer("a job")
    with pytest.raises(ValueError), tracer.start_as_current_span("a span of a job's own"):
        raise ValueError(SECRET)
    collector.has("a span of a job's own")
    assert any(b"ValueError" in body for body in collector.bodies)
    assert not any(b"4711" in body for body in collector.bodies)


@pytest.mark.parametrize("silent", [True, False])
def test_a_collector_that_is_away_or_silent_stands_in_nobodys_way(
    collector, again, client, rita, maria, waiting, monkeypatch, silent  # noqa: F811
):  # fmt: skip
    away = Program()
    done = threading.Event()
    away.answer = lambda _handler: done.wait(100)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{away.port if silent else 9}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
    again()
    try:
        request = waiting()
        began = time.monotonic()
        for _ in range(5_000):  # more than are kept
            with tracing.serving("GET", {}):
                pass
        click(client, request, maria)
        until(lambda: Request.objects.get(pk=request.pk).status == Status.APPROVED, what="it is approved")
        assert time.monotonic() - began < LONG, "somebody waited for the collector, who is given 100 s"
        began = time.monotonic()
        tracing.end()
        assert time.monotonic() - began < tracing.FLUSH + 20
    finally:
        done.set()
        away.close()
        monkeypatch.undo()
        again()


def test_without_the_variables_nothing_of_it_is_even_imported():
    probe = """
import os, sys, dashboard.asgi, worker.running, worker.queues
from worker import tracing
def begun(**variables):
    os.environ |= variables
    tracing.begin("x")
    return any(name.split(".")[0] == "opentelemetry" for name in sys.modules)
print(begun(), begun(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_SDK_DISABLED="true"),
      begun(OTEL_SDK_DISABLED="", OTEL_TRACES_EXPORTER="none"), begun(OTEL_TRACES_EXPORTER="otlp"))
tracing.end(0)
"""
    environment = {name: each for name, each in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.split() == ["False", "False", "False", "True"]


def test_a_collector_of_another_protocol_is_said_to_be_one(monkeypatch, caplog, listening):
    monkeypatch.setattr(tracing, "_tracing", None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    tracing.begin("tests")
    assert "the collector wants grpc" in caplog.text
    assert tracing.interceptors() == []
