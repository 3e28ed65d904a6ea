"""How a batch's state is called, coloured and drawn: the same everywhere."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from batches.models import State


class Face(NamedTuple):
    """``kind``: its colours; ``icon``: its shape; ``word``."""

    kind: str
    icon: str
    word: str | Promise


FACES: dict[str, Face] = {
    State.AWAITING: Face("wait", "stamp", _("To be approved")),
    State.CHANGED: Face("bad", "file-diff", _("Not as approved")),
    State.PREPARING: Face("off", "circle-dashed", _("Preparing")),
    State.RUNNING: Face("run", "play", _("Running")),
    State.STARTED: Face("run", "split", _("Children go on")),
    State.PAUSING: Face("wait", "pause", _("Pausing")),
    State.PAUSED: Face("wait", "pause", _("Paused")),
    State.STOPPING: Face("wait", "square", _("Stopping")),
    State.COMPLETED: Face("ok", "check", _("Completed")),
    State.FAILED: Face("bad", "triangle-alert", _("Failed")),
    State.CANCELLED: Face("off", "ban", _("Cancelled")),
    State.TERMINATED: Face("bad", "power-off", _("Ended in Temporal")),
    State.INVALID: Face("bad", "octagon-alert", _("Not valid")),
    State.DECLINED: Face("off", "circle-x", _("Not approved")),
}
UNKNOWN = "circle-question-mark"


def face_of(state: str) -> Face:
    """A state that nobody knows here shows as itself."""
    return FACES.get(state, Face("off", UNKNOWN, state))
