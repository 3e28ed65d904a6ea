"""What workflows return or answer stays plain JSON in Temporal, whatever its size: any SDK in any language reads it.

Neither codec nor storage can tell a result from another payload. So an interceptor wraps what a workflow hands out, the
converter marks its payload, and both leave a marked one alone. Small ones need no mark.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from worker.payloads.config import SMALLEST

_MARK = "leitstand"
_PLAIN = b"plain"


@dataclass(frozen=True)
class Plain:
    """A value that goes out to programs."""

    value: Any


def marked(payload: Payload) -> Payload:
    """It itself; others pass over metadata that they do not know."""
    if len(payload.data) >= SMALLEST:
        payload.metadata[_MARK] = _PLAIN
    return payload


def is_plain(payload: Payload) -> bool:
    return payload.metadata.get(_MARK) == _PLAIN


class PlainResults(Interceptor):
    """For workers: of workflows' results, and of their answers to queries and updates."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: ARG002
    ) -> type[WorkflowInboundInterceptor]:
        return _HandsOutPlainly


class _HandsOutPlainly(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        return await _plainly(self.next.execute_workflow(input))

    async def handle_query(self, input: HandleQueryInput) -> Any:
        return await _plainly(self.next.handle_query(input))

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        return await _plainly(self.next.handle_update_handler(input))


async def _plainly(call: Awaitable[Any]) -> Plain:
    return Plain(await call)
