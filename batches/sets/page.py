"""What the pages of data sets show: rows alone, which the workflows write; of one that is open how far its step is."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.recording import moment
from batches.faces import UNKNOWN, Face
from batches.kept import Kept
from batches.models import DataSet
from live.once import once
from live.queries import system
from worker import client
from worker.client import Pending

S = DataSet.State
SHOWN = 50
HOLDS = 1.5
"""Seconds for which an answer of Temporal's will do, whoever looks."""
STEPS: dict[str, tuple[str, str | Promise]] = {
    S.LOADING: ("load_dataset", gettext_lazy("Load and store")),
    S.VERIFYING: ("verify_dataset", gettext_lazy("Verify")),
    S.PROCESSING: ("process_dataset", gettext_lazy("Process")),
    S.CLEANING: ("clean_up_dataset", gettext_lazy("Clean up")),
}
"""Each with the activity that does it."""
FACES: dict[str, Face] = {
    S.ORDERED: Face("off", "circle-dashed", gettext_lazy("Ordered")),
    S.LOADING: Face("run", "play", gettext_lazy("Loading")),
    S.VERIFYING: Face("run", "play", gettext_lazy("Verifying")),
    S.PROCESSING: Face("run", "play", gettext_lazy("Processing")),
    S.CLEANING: Face("run", "play", gettext_lazy("Cleaning up")),
    S.COMPLETED: Face("ok", "check", gettext_lazy("Completed")),
    S.FAILED: Face("bad", "triangle-alert", gettext_lazy("Failed")),
    S.CANCELLED: Face("off", "ban", gettext_lazy("Cancelled")),
    S.INVALID: Face("bad", "octagon-alert", gettext_lazy("Not valid")),
    S.TERMINATED: Face("bad", "power-off", gettext_lazy("Ended in Temporal")),
}
AHEAD, NOW, DONE, FAILED, CUT, LEFT = (
    Face("off", "circle-dashed", gettext_lazy("Ahead")),
    Face("run", "play", gettext_lazy("Now")),
    Face("ok", "check", gettext_lazy("Done")),
    Face("bad", "triangle-alert", gettext_lazy("Failed")),
    Face("off", "ban", gettext_lazy("Cut short")),
    Face("off", "circle-dashed", gettext_lazy("Left out")),
)

_kept: Kept[Pending | None] = Kept(200)


@dataclass(frozen=True)
class Step:
    """``seconds``: what it took; None while it goes on, or where it is not known."""

    word: str | Promise
    face: Face
    began: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SetPage:
    """``trying``: the activity of its step, as Temporal has it."""

    row: DataSet
    why: str = ""
    """ "not_started", "no_worker", "no_temporal"; "": it goes on, or has ended."""
    trying: Pending | None = None

    @property
    def face(self) -> Face:
        return FACES.get(self.row.state, Face("off", UNKNOWN, self.row.state))

    @property
    def steps(self) -> Sequence[Step]:
        told = {each["step"]: each for each in self.row.steps}
        return [self._step(name, word, told.get(name)) for name, (_activity, word) in STEPS.items()]

    def _step(self, name: str, word: str | Promise, told: dict[str, Any] | None) -> Step:
        if told is None:
            return Step(word, LEFT if self.row.closed_at else AHEAD)
        until = told["until"] or (self.row.closed_at.timestamp() if self.row.closed_at else None)
        return Step(word, self._face_of(name, until), moment(told["at"]), until - told["at"] if until else None)

    def _face_of(self, name: str, until: float | None) -> Face:
        """What was cut short is no failure of that step."""
        result = self.row.result or {}
        if until is None:
            return NOW
        if result.get("step") == name or (name == S.CLEANING and result.get("cleaned") is False):
            return FAILED
        worked = [each["step"] for each in self.row.steps if each["step"] != S.CLEANING]
        cut = self.row.state in (S.CANCELLED, S.TERMINATED) and name in worked[-1:]
        return CUT if cut else DONE

    @property
    def seconds(self) -> float:
        begun = self.row.steps[0]["at"] if self.row.steps else self.row.created_at.timestamp()
        return (self.row.closed_at or timezone.now()).timestamp() - begun

    @property
    def since(self) -> datetime | None:
        """When the step that goes on began."""
        return moment(self.row.steps[-1]["at"]) if self.row.steps and not self.row.closed_at else None

    @property
    def bytes(self) -> int | None:
        """So many have gone through the step that goes on, as its last heartbeat said."""
        beat = self.trying.beat if self.trying else None
        return beat.get("bytes") if isinstance(beat, dict) else None

    @property
    def failure(self) -> str:
        """Why the try before this one failed."""
        if self.trying is None:
            return ""
        return _("its worker was not heard of any more") if self.trying.lost else self.trying.failure

    @property
    def reason(self) -> str:
        """Why it has not completed, in words."""
        result = self.row.result or {}
        return str(result.get("reason") or " ".join(result.get("errors") or ()))


def set_page(uuid: str) -> SetPage | None:
    row = DataSet.objects.select_related("user").filter(uuid=uuid).first()
    if row is None:
        return None
    why = _why(row)
    return SetPage(row, why, _trying(row) if not why and not row.closed_at else None)


def _why(row: DataSet) -> str:
    if row.closed_at:
        return ""
    if not row.first_run_id:
        return "not_started"
    seen = once(("system",), system)
    return "no_worker" if not seen.worker_alive else "" if seen.temporal_ok else "no_temporal"


def _trying(row: DataSet) -> Pending | None:
    step = STEPS.get(row.state)
    return _kept.get((row.workflow_id, int(time.time() / HOLDS)), lambda: _asked(row, step[0])) if step else None


def _asked(row: DataSet, activity: str) -> Pending | None:
    try:
        return next((each for each in client.pending(row.workflow_id) if each.kind == activity), None)
    except client.ClientError:
        return None


def listed(before: int | None = None) -> tuple[Sequence[SetPage], int]:
    """The newest first, and where those begin that are older still; 0: there are none."""
    rows = DataSet.objects.select_related("user").order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: SHOWN + 1])
    return [SetPage(row, _why(row)) for row in found[:SHOWN]], found[SHOWN - 1].pk if len(found) > SHOWN else 0
