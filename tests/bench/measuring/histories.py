"""What the histories of a workflow are: of all its runs, the longest, and the largest payload."""

import json
from typing import Any

from temporalio.client import WorkflowHandle

from tests.trouble.batch_house import BatchHouse


def longest_and_largest(house: BatchHouse, handle: WorkflowHandle[Any, Any]) -> tuple[int, int]:
    """In events, and in characters as base64."""
    run, longest, largest = handle.first_execution_run_id, 0, 0
    while run:
        history = house.run(house.client.get_workflow_handle(handle.id, run_id=run).fetch_history())
        events = json.loads(history.to_json())["events"]
        longest = max(longest, len(events))
        largest = max(largest, *(_largest(event) for event in events))
        run = events[-1].get("workflowExecutionContinuedAsNewEventAttributes", {}).get("newExecutionRunId", "")
    return longest, largest


def _largest(value: Any) -> int:
    """Characters of the largest payload in it, as base64."""
    if isinstance(value, dict):
        own = len(value["data"]) if isinstance(value.get("data"), str) and "metadata" in value else 0
        return max([own, *map(_largest, value.values())])
    return max(map(_largest, value), default=0) if isinstance(value, list) else 0
