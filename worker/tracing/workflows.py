"""What workflows do, as spans: made outside their sandbox, and none by a replay, which does nothing anew.

The SDK puts all that a workflow does into the trace of whoever started it, weeks ago. Here it belongs to what caused
it: the signal or update that came last, or the start where none has come. So a click, its signal, how the workflow
takes it and the activities that follow are one trace.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

Carrier = dict[str, str]
"""The headers of W3C that name a span."""

EXTERN = "leitstand_span"
HEADER = "_tracer-data"
"""Where Temporal's interceptors keep it, in every language: so programs' traces go through."""
LASTS = 3_600.0
"""Seconds for which a cause goes on: what comes later begins traces of its own, linked to it."""
MOST_LINKS = 20
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_LONGEST_STATE = 512


class Caused(WorkflowInboundInterceptor):
    """Of one run of a workflow."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self._tell = workflow.extern_functions()[EXTERN]
        self._cause: Carrier = {}
        self._since = 0.0
        self._also: list[Carrier] = []
        self._came: list[Carrier] = []
        """Signals and updates that nothing was done for yet; {}: one that is in no trace."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(Passed(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        kind = workflow.info().workflow_type
        self._because([self._taken(f"RunWorkflow:{kind}", input.headers)])
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        self._came_in(self._taken(f"HandleSignal:{input.signal}", input.headers))
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self._came_in(self._taken(f"HandleUpdate:{input.update}", input.headers))
        return await super().handle_update_handler(input)

    def _taken(self, name: str, headers: Mapping[str, Payload]) -> Carrier:
        sender = carried(headers)
        return self._told(name, True, sender) if sender else {}

    def _came_in(self, cause: Carrier) -> None:
        """An entity takes many that nobody traces: of those, one says enough."""
        if (cause or not self._came) and len(self._came) <= MOST_LINKS:
            self._came.append(cause)

    def _because(self, causes: Sequence[Carrier]) -> None:
        first, *others = [cause for cause in causes if cause] or [{}]
        self._cause, self._also, self._since = first, others, workflow.time()

    def doing(self, name: str) -> Carrier:
        """Something is begun elsewhere: what it is handed on."""
        if self._came:
            self._because(self._came)
            self._came = []
        links, self._also = self._also, []
        if not self._cause:
            return {}
        if self.young():
            return self._told(name, False, self._cause, links)
        return self._told(name, False, {}, [self._cause])

    def young(self) -> bool:
        return workflow.time() - self._since < LASTS

    def going_on(self) -> Carrier:
        """What the next run takes over."""
        return self._cause if self.young() else {}

    def _told(self, name: str, serves: bool, parent: Carrier, links: Sequence[Carrier] = ()) -> Carrier:
        if workflow.unsafe.is_replaying():
            return parent
        about = {"temporalWorkflowID": workflow.info().workflow_id, "temporalRunID": workflow.info().run_id}
        with workflow.unsafe.sandbox_unrestricted():
            told: Carrier = self._tell(name, serves, parent, links, about)
        return told


class Passed(WorkflowOutboundInterceptor):
    """What a run begins elsewhere is handed its cause."""

    def __init__(self, next: WorkflowOutboundInterceptor, caused: Caused) -> None:
        super().__init__(next)
        self._caused = caused

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        self._hand_on(input, f"StartActivity:{input.activity}")
        return super().start_activity(input)

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> workflow.ChildWorkflowHandle[Any, Any]:
        self._hand_on(input, f"StartChildWorkflow:{input.workflow}")
        return await super().start_child_workflow(input)

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        self._hand_on(input, f"SignalChildWorkflow:{input.signal}")
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        self._hand_on(input, f"SignalExternalWorkflow:{input.signal}")
        await super().signal_external_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        input.headers = with_carrier(input.headers, self._caused.going_on())
        super().continue_as_new(input)

    def _hand_on(self, input: "_Sent", name: str) -> None:
        input.headers = with_carrier(input.headers, self._caused.doing(name))


class _Sent(Protocol):
    headers: Mapping[str, Payload]


def with_carrier(headers: Mapping[str, Payload], carrier: Carrier) -> Mapping[str, Payload]:
    if not carrier:
        return headers
    return {**headers, HEADER: PayloadConverter.default.to_payloads([carrier])[0]}


def carried(headers: Mapping[str, Payload]) -> Carrier:
    """What of it can be read: it comes from anybody, and must not wedge a workflow."""
    if HEADER not in headers:
        return {}
    try:
        given = PayloadConverter.default.from_payloads([headers[HEADER]])[0]
        parent, state = given.get("traceparent"), given.get("tracestate")
    except Exception:
        return {}
    if not isinstance(parent, str) or not _TRACEPARENT.fullmatch(parent):
        return {}
    return {"traceparent": parent} | ({"tracestate": state} if _is_state(state) else {})


def _is_state(state: Any) -> bool:
    return isinstance(state, str) and 0 < len(state) <= _LONGEST_STATE
