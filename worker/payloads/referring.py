"""Whether any workflow still refers to what is stored: asked of Temporal, and "yes" wherever that is not sure."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from worker.connection import ClientError, NotFound, asked, on_loop
from worker.payloads.folder import Owner
from worker.payloads.outside import OUTSIDE

T = TypeVar("T")


class State(StrEnum):
    """OPEN and RETAINED: referred to. ELSEWHERE: of another namespace. UNKNOWN: Temporal gave no answer."""

    OPEN = "open"
    RETAINED = "retained"
    GONE = "gone"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Asking:
    """Temporal, asked once for each workflow."""

    def __init__(self) -> None:
        self._known: dict[str, State] = {}

    def state_of(self, owner: Owner) -> State:
        """Of all runs of its id: what a run is started with was stored before it, by whoever started it."""
        if owner.folder not in self._known:
            try:
                self._known[owner.folder] = _ask(_state_of, owner)
            except ClientError:
                self._known[owner.folder] = State.UNKNOWN
        return self._known[owner.folder]

    @cached_property
    def in_use(self) -> set[tuple[str, str]]:
        return in_use()


def _ask(call: Callable[..., Coroutine[Any, Any, T]], *args: Any, limit: float = 10.0) -> T:
    """Raises ClientError."""
    return on_loop(asked(lambda client: call(client, *args), limit), limit)


async def _state_of(client: Client, owner: Owner) -> State:
    if owner.namespace != client.namespace:
        return State.ELSEWHERE
    try:
        found = await client.get_workflow_handle(owner.workflow_id).describe()
    except RPCError as error:
        if not _is_gone(error):
            raise
    else:
        return State.OPEN if found.close_time is None else State.RETAINED
    # A schedule's action is stored under its id, and its workflows are called so with their time behind it.
    called = owner.workflow_id.replace("\\", "\\\\").replace("'", "\\'")
    alike = await client.count_workflows(f"WorkflowId STARTS_WITH '{called}'")
    return State.RETAINED if alike.count else State.GONE


def run_has_ended(owner: Owner) -> bool:
    """This very run; also where Temporal has forgotten it. Not of another namespace. Raises ClientError."""
    return _ask(_run_has_ended, owner)


async def _run_has_ended(client: Client, owner: Owner) -> bool:
    if owner.namespace != client.namespace or not owner.run_id:
        return False
    try:
        found = await client.get_workflow_handle(owner.workflow_id, run_id=owner.run_id).describe()
    except RPCError as error:
        if not _is_gone(error):
            raise
        return True
    return found.close_time is not None


def _is_gone(error: RPCError) -> bool:
    """Not the namespace, as of a server that is still starting."""
    return error.status == RPCStatusCode.NOT_FOUND and "namespace" not in str(error).lower()


def knows_any() -> bool:
    """Whether Temporal knows any workflow at all. Raises ClientError."""
    return _ask(_number) > 0


async def _number(client: Client) -> int:
    return (await client.count_workflows("")).count


# --- the other way round: what is referred to -----------------------------------------------------------------------


@dataclass(frozen=True)
class Referred:
    """In the history of this run there is a reference to this file; or in this schedule, which is no run."""

    workflow_id: str
    run_id: str
    driver: str
    key: str


def of_open_workflows() -> Iterator[Referred]:
    """Of all of them, one after the other; what is begun meanwhile may be missing. Raises ClientError."""
    yield from _of_workflows('ExecutionStatus="Running"')


def in_use() -> set[tuple[str, str]]:
    """(driver, key) of all that any workflow that is known, or any schedule, refers to. Raises ClientError.

    What was stored for one workflow is in the history of another one, too: of the one that began it, or sent it a
    signal, and that one may outlive it.
    """
    return {(each.driver, each.key) for each in chain(_of_workflows(""), _ask(_of_schedules, limit=60.0))}


def _of_workflows(query: str) -> Iterator[Referred]:
    after = b""
    while True:
        page, after = _ask(_page, query, after)
        for workflow_id, run_id in page:
            with suppress(NotFound):  # it has been deleted meanwhile
                yield from _ask(_referred, workflow_id, run_id, limit=60.0)
        if not after:
            return


async def _page(client: Client, query: str, after: bytes) -> tuple[list[tuple[str, str]], bytes]:
    pages = client.list_workflows(query, page_size=500, next_page_token=after or None)
    await pages.fetch_next_page()
    return [(each.id, each.run_id) for each in pages.current_page or ()], pages.next_page_token or b""


async def _referred(client: Client, workflow_id: str, run_id: str) -> list[Referred]:
    """Of one history; each only once, in their order."""
    found: dict[Referred, None] = {}
    async for event in client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events():
        found |= dict.fromkeys(_references(event, workflow_id, run_id))
    return list(found)


async def _of_schedules(client: Client) -> list[Referred]:
    found: list[Referred] = []
    async for each in await client.list_schedules():
        try:
            told = await client.get_schedule_handle(each.id).describe()
        except RPCError as error:
            if not _is_gone(error):
                raise
        else:
            found += _references(told.raw_description, each.id, "")
    return found


def _references(message: Message, of: str, run_id: str) -> Iterator[Referred]:
    for payload in payloads_in(message):
        if reference := OUTSIDE._decode_reference(payload):
            yield Referred(of, run_id, reference.driver_name, reference.claim_data.get("key", ""))


def payloads_in(message: Message) -> Iterator[Payload]:
    """All of them, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for each in value.values():
                    yield from payloads_in(each)
        else:
            for each in value if field.is_repeated else [value]:
                yield from payloads_in(each)
