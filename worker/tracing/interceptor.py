"""The SDK's own interceptor around a client's calls and activities, with workflows told in our way."""

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.client import (
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from worker.tracing.workflows import EXTERN, Caused


class Interceptor(TracingInterceptor):
    """For clients, and so for the workers that use them."""

    def __init__(self, tracer: Tracer, of_workflow: Callable[..., Any]) -> None:
        super().__init__(tracer)
        self.text_map_propagator = TraceContextTextMapPropagator()
        self._of_workflow = of_workflow

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return Within(next, super().intercept_client(next))

    def workflow_interceptor_class(  # type: ignore[override]
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        input.unsafe_extern_functions[EXTERN] = self._of_workflow
        return Caused


class Within(OutboundInterceptor):
    """Only calls within a trace are told: what chores ask every second would be traces without end."""

    def __init__(self, next: OutboundInterceptor, traced: OutboundInterceptor) -> None:
        super().__init__(next)
        self._traced = traced

    def _way(self) -> OutboundInterceptor:
        return self._traced if get_current_span().get_span_context().is_valid else self.next

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        return await self._way().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        await self._way().signal_workflow(input)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:
        return await self._way().query_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
        return await self._way().start_workflow_update(input)
