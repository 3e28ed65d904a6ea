"""What people may order of a batch, read strictly: each refusal is a sentence beside the field that it is about."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from batches.models import Batch, Order
from worker.batch_contract import MAX_REASON, MAX_SHOWN, read_limits
from worker.batch_rungs import MAX_RUNG
from worker.reading import printable

A = Order.Action
WITH_A_REASON = (A.PAUSE, A.CANCEL)
"""What stops others' work wants a reason; with the others it may be given."""
LIMITS = ("max_parallel", "pace")
MOST_SAMPLE = 1_000_000


@dataclass(frozen=True)
class Asked:
    """An order as it was typed, found to be sound."""

    batch: Batch
    action: Order.Action
    reason: str
    wanted: dict[str, Any]
    shown: int | None


def read(*, batch: Batch, action: str, reason: str, wanted: Mapping[str, Any], shown: Any) -> Asked:
    """The order; raises ValidationError with the sentences by field. Whether it comes in time the workflow says."""
    clean = printable(reason).strip()
    numbers, errors = _wanted(batch, action, wanted)
    wrong = {
        "action": [] if action in A.values else [_("This is nothing that can be ordered of a batch.")],
        "reason": [wrong_reason(clean, action)],
        **errors,
    }
    if said := {field: found for field, sentences in wrong.items() if (found := [one for one in sentences if one])}:
        raise ValidationError(said)
    return Asked(batch, A(action), clean, numbers, _seen(shown))


def wrong_reason(reason: str, action: str) -> str:
    """A sentence; "" where it will do."""
    if not reason and action in WITH_A_REASON:
        return _("Say why: whoever looks next has to know.")
    if len(reason) > MAX_REASON:
        most = _("The reason has %(number)d characters; at most %(most)d are kept.")
        return most % {"number": len(reason), "most": MAX_REASON}
    return ""


def _wanted(batch: Batch, action: str, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    if action == A.LIMITS:
        return _limits(wanted)
    if action == A.REDO:
        return _redo(wanted)
    return _retry(batch, wanted) if action == A.RETRY else ({}, {})


def _limits(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """As the workflow reads them, so that its word can be compared with what was clicked."""
    given = {name: wanted[name] for name in LIMITS if name in wanted}
    if not given:
        return {}, {"limits": [_("Say which limits: nothing is different from what is in force.")]}
    limits, errors = read_limits(given)
    if limits is None:
        return {}, {"limits": errors}
    found: dict[str, Any] = {}
    if limits.max_parallel is not None:
        found["max_parallel"] = limits.max_parallel
    if limits.pace is not None:
        found["pace"] = [asdict(limit) for limit in limits.pace]
    return found, {}


def _retry(batch: Batch, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    group, sample = str(wanted.get("group") or ""), wanted.get("sample") or 0
    known = not group or batch.groups.filter(fingerprint=group, number__gt=0).exists()
    wrong = [] if known else [_("No item of this group is failed any more, or there is no such group.")]
    return {"group": group, "sample": sample}, {"group": wrong, "sample": _wrong_sample(sample)}


def _redo(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """``group``: the name of a rung. Whether it served any, its workflow knows."""
    rung, sample = str(wanted.get("group") or ""), wanted.get("sample") or 0
    wrong = [] if len(rung) <= MAX_RUNG else [_("There is no such rung.")]
    return {"group": rung, "sample": sample}, {"group": wrong, "sample": _wrong_sample(sample)}


def _wrong_sample(sample: Any) -> list[str]:
    whole = isinstance(sample, int) and not isinstance(sample, bool) and 0 <= sample <= MOST_SAMPLE
    return [] if whole else [_("A number from 1 to 1,000,000, or nothing for all of them.")]


def _seen(shown: Any) -> int | None:
    """How many interventions they had seen."""
    whole = isinstance(shown, int) and not isinstance(shown, bool) and 0 <= shown <= MAX_SHOWN
    return int(shown) if whole else None
