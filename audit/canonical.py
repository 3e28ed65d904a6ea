"""The one text of an entry or a seal, over which its hash goes. Pure."""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""What stands for "the one before" in the first entry of a stream, and in the first seal."""

_DEEPEST = 100


def canonical(value: Any) -> str:
    """Sorted keys, no spaces, letters as themselves: the same value is always the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def moment(at: datetime) -> str:
    """Exact to the microsecond, always in UTC, always as long."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def clean(text: str, longest: int | None = None) -> str:
    """The text as every database can keep it: half characters and NUL replaced, cut (visibly) at the longest length."""
    text = text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON can say it: what comes from outside is recorded, not refused for a NaN or half a character."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth > _DEEPEST:
        return "(nested too deep to be recorded)"
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    return moment(value) if isinstance(value, datetime) and value.tzinfo else clean(str(value))
