"""The spec of a batch as its form shows it: what was ordered once begins the next order."""

import json
from collections.abc import Mapping
from typing import Any

from batches.models import Batch
from batches.paces import filled_paces
from batches.starting.rungs import filled_rungs

PLAIN = (
    "title", "item_key", "chunk_size", "max_parallel", "item_attempts", "item_timeout_seconds",
    "chunk_timeout_seconds", "window", "window_pause_seconds", "on_tolerance", "service",
    "strategy", "group_by", "parent_close_policy", "wait",
    "on_open", "hold_seconds",
)  # fmt: skip

JOB, MAP, REDUCE = "arg", "map", "reduce"
"""What the names of the fields begin with into which arguments are typed."""


def filled_in(batch: Batch) -> dict[str, str]:
    return filled(batch.spec)


def filled(spec: Mapping[str, Any]) -> dict[str, str]:
    """By the names of the form's fields; what the spec does not say is left to the form."""
    fields = {name: as_typed(spec[name]) for name in PLAIN if spec.get(name) is not None}
    if spec.get("tolerated_failure_rate") is not None:
        fields["tolerated"] = as_typed(100 * spec["tolerated_failure_rate"])
    if "reduce" in spec:
        return fields | _functions(spec)
    fields["job"] = str(spec.get("job") or "")
    return fields | filled_paces(spec.get("pace")) | filled_rungs(spec) | _args(JOB, spec.get("job"), "job_args", spec)


def _functions(spec: Mapping[str, Any]) -> dict[str, str]:
    """Of a MapReduce, whose ``job`` is its map."""
    map, reduce = spec.get("job"), spec.get("reduce")
    named = {MAP: map, REDUCE: reduce, "fan_in": spec.get("fan_in")}
    fields = {name: as_typed(value) for name, value in named.items() if value is not None}
    return fields | _args(MAP, map, "job_args", spec) | _args(REDUCE, reduce, "reduce_args", spec)


def _args(of: str, name: Any, key: str, spec: Mapping[str, Any]) -> dict[str, str]:
    return {f"{of}-{name}-{one}": as_typed(value) for one, value in (spec.get(key) or {}).items()}


def as_typed(value: Any) -> str:
    """The text that is read as this value again."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else f"{value:.12g}"
