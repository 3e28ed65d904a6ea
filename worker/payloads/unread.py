"""What is kept outside Temporal and cannot be had, by who waits: noted here, handed on about once a second. Pure."""

import threading
from dataclasses import asdict, dataclass

from worker import registry
from worker.payloads.troubles import Trouble

MOST = 1_000
"""Kept until they are handed on; whoever is left out waits on, and is noted at its next try."""

_lock = threading.Lock()
_noted: dict[tuple[str, str, str], "Unread"] = {}


@dataclass(frozen=True)
class Unread:
    """``activity``: the kind of the one that waits; empty: it is the workflow itself. ``cause``: as of a Trouble."""

    workflow_id: str
    run_id: str
    activity: str
    place: str
    key: str
    cause: str
    sentence: str


def note(trouble: Trouble, workflow_id: str, run_id: str, activity: str = "") -> None:
    given = Unread(workflow_id, run_id, activity, trouble.place, trouble.key, trouble.cause, str(trouble))
    with _lock:
        if len(_noted) < MOST:
            _noted[workflow_id, trouble.place, trouble.key] = given


def hand_on() -> None:
    """To whoever tells ops. What could not be written stays for the next time."""
    with _lock:
        taken = dict(_noted)
        _noted.clear()
    if not taken:
        return
    try:
        registry.call("circuits.note_unread", [asdict(each) for each in taken.values()])
    except BaseException:
        with _lock:
            _noted.update({**taken, **_noted})
        raise
