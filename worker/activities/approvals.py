"""The activities of approvals: each hands its input to the service that is registered under its name."""

from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from worker import registry
from worker.activities.running import ACTIONS, RECORDING, in_thread
from worker.contracts import (
    ActionEnded,
    CloseRequest,
    Expired,
    ExpireLevel,
    Opened,
    OpenLevel,
    OpenRequest,
    RecordClaims,
    Recorded,
    RunAction,
)
from worker.resilience.fallback import NotAgain


async def _record(name: str, given: Any) -> Any:
    return await in_thread(RECORDING, registry.call, f"approvals.{name}", given)


@activity.defn
async def open_request(given: OpenRequest) -> Opened:
    return await _record("open_request", given)  # type: ignore[no-any-return]


@activity.defn
async def open_level(given: OpenLevel) -> bool:
    await _record("open_level", given)
    return True


@activity.defn
async def record_claims(given: RecordClaims) -> Recorded:
    return await _record("record_claims", given)  # type: ignore[no-any-return]


@activity.defn
async def expire_level(given: ExpireLevel) -> Expired:
    return await _record("expire_level", given)  # type: ignore[no-any-return]


@activity.defn
async def action_ended(given: ActionEnded) -> bool:
    await _record("action_ended", given)
    return True


@activity.defn
async def close_request(given: CloseRequest) -> bool:
    await _record("close_request", given)
    return True


@activity.defn
async def run_action(given: RunAction) -> Any:
    """The approved action. What it raises is tried again; an action that is not there, is called wrongly, or says that
    no try will help, is not."""
    try:
        return await in_thread(ACTIONS, registry.call, "approvals.run_action", given, every=5.0)
    except (registry.Missing, registry.BadArguments, NotAgain) as missing:
        raise ApplicationError(str(missing), non_retryable=True) from missing
