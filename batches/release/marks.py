"""Is an order still the one that was approved? A digest of all of it, and one of each part, to say which. Pure."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def digest_of(order: Mapping[str, Any]) -> str:
    return _of(order)


def marks_of(order: Mapping[str, Any]) -> dict[str, str]:
    return {name: _of(value)[:16] for name, value in sorted(order.items())}


def differing(order: Mapping[str, Any], marks: Mapping[str, str]) -> list[str]:
    """The parts that were changed, added or taken away."""
    now = marks_of(order)
    return sorted(name for name in {*now, *marks} if now.get(name) != marks.get(name))


def _of(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
