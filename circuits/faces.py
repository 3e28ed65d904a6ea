"""How a circuit's state is called and coloured, and which one needs somebody: the same word everywhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from worker.resilience.circuit_state import CLOSED, DISABLED, FORCED_OPEN, HALF_OPEN, METRICS_ONLY, OPEN

NO_DATA = "no_data"
SILENT = 300.0
"""Seconds without a report after which a closed circuit says nothing about its service."""

WORDS: Mapping[str, Any] = {
    OPEN: _("Open"),
    FORCED_OPEN: _("Forced open"),
    HALF_OPEN: _("Half open"),
    METRICS_ONLY: _("Observe only"),
    DISABLED: _("Switched off"),
    NO_DATA: _("No data"),
    CLOSED: _("Closed"),
}
"""The first needs somebody the most: cards stand in this order."""
_ORDER = list(WORDS)
KINDS = {
    OPEN: "bad", FORCED_OPEN: "bad", HALF_OPEN: "wait", METRICS_ONLY: "run", DISABLED: "held", NO_DATA: "off",
    CLOSED: "ok",
}  # fmt: skip


def face_of(state: Mapping[str, Any] | None, now: datetime) -> str:
    """A closed circuit that nobody reports on is never healthy: nobody knows."""
    if state is None:
        return NO_DATA
    last = state["last_report_at"]
    silent = last is None or last < now.timestamp() - SILENT
    return NO_DATA if state["state"] == CLOSED and silent else str(state["state"])


def rank(face: str) -> int:
    return _ORDER.index(face) if face in _ORDER else len(_ORDER)
