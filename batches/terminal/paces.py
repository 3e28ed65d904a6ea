"""Limits of speed as they are written on a command line: 60/60, 60/60/5 or sliding:20/60."""

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from batches.paces import number_typed
from batches.terminal.exits import refused
from worker.resilience.pace import SLIDING_WINDOW, TOKEN_BUCKET

MOST = 5


def typed(paces: Sequence[str]) -> list[dict[str, str]]:
    """By the names of the contract, still as texts. Whether they are sound its reader says."""
    if len(paces) > MOST:
        raise refused({"pace": [_("At most five limits hold beside each other.")]})
    return [_one(text) for text in paces]


def _one(text: str) -> dict[str, str]:
    found = re.fullmatch(r"(sliding:)?([^/]+)/([^/]+)(?:/([^/]+))?", text.strip())
    if found is None:
        said = _("%(pace)s is no limit: write ITEMS/SECONDS, ITEMS/SECONDS/BURST or sliding:ITEMS/SECONDS.")
        raise refused({"pace": [said % {"pace": text[:80]}]})
    kind = SLIDING_WINDOW if found[1] else TOKEN_BUCKET
    return {"kind": kind, "limit": found[2], "per_seconds": found[3], "burst": found[4] or ""}


def read(paces: Sequence[str]) -> list[dict[str, Any]]:
    """As the contract has them."""
    return [
        {name: text if name == "kind" else number_typed(text) for name, text in limit.items()} for limit in typed(paces)
    ]
