"""The spec of a batch as the form shows it: what was ordered once begins the next order."""

import json
from collections.abc import Mapping
from typing import Any

from batches.models import Batch
from batches.paces import filled_paces
from batches.starting.rungs import filled_rungs

PLAIN = (
    "title", "job", "item_key", "chunk_size", "max_parallel", "item_attempts", "item_timeout_seconds",
    "chunk_timeout_seconds", "window", "window_pause_seconds", "on_tolerance", "service",
    "strategy", "group_by", "parent_close_policy", "wait",
    "on_open", "hold_seconds",
)  # fmt: skip


def filled_in(batch: Batch) -> dict[str, str]:
    return filled(batch.spec)


def filled(spec: Mapping[str, Any]) -> dict[str, str]:
    """By the names of the form's fields; what the spec does not say is left to the form."""
    fields = {name: as_typed(spec[name]) for name in PLAIN if spec.get(name) is not None}
    if spec.get("tolerated_failure_rate") is not None:
        fields["tolerated"] = as_typed(100 * spec["tolerated_failure_rate"])
    fields |= filled_paces(spec.get("pace")) | filled_rungs(spec)
    for name, value in (spec.get("job_args") or {}).items():
        fields[f"arg-{spec.get('job')}-{name}"] = as_typed(value)
    return fields


def as_typed(value: Any) -> str:
    """The text that is read as this value again."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else f"{value:.12g}"
