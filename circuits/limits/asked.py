"""What people may order of a queue's limit, read strictly: each refusal is a sentence beside its field."""

import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from circuits.asked import wrong_reason
from circuits.models import LimitOrder
from worker.reading import printable
from worker.steps import WORK_QUEUE

LEAST, MOST = 0.01, 100_000.0
"""Activities a second, beside 0. One in 100 s is what a slow partner asks for; above the most no queue comes."""
LEAST_FOR_DECISIONS = 1.0
A = LimitOrder.Action


def queue_names() -> tuple[str, ...]:
    """The queues that have a limit: that of batches first, for it is the one to be limited."""
    return WORK_QUEUE, settings.TEMPORAL_TASK_QUEUE


@dataclass(frozen=True)
class Asked:
    """An order as it was typed, found to be sound."""

    queue: str
    action: LimitOrder.Action
    reason: str
    per_second: float | None
    shown: int | None


def read(*, queue: str, action: str, reason: str, per_second: Any, shown: int | None) -> Asked:
    """The order; raises ValidationError with the sentences by field."""
    clean = printable(reason).strip()
    wrong = {
        "queue": "" if queue in queue_names() else _("There is no such queue here."),
        "action": "" if action in A.values else _("This is nothing that can be ordered of a limit."),
        "reason": wrong_reason(clean),
        "per_second": wrong_rate(queue, per_second) if action == A.SET else "",
    }
    if errors := {field: [said] for field, said in wrong.items() if said}:
        raise ValidationError(errors)
    return Asked(queue, A(action), clean, float(per_second) if action == A.SET else None, shown)


def wrong_rate(queue: str, rate: Any) -> str:
    """A sentence; "" where it can be ordered."""
    if rate is None or isinstance(rate, bool) or not isinstance(rate, int | float) or math.isnan(rate):
        return _("Give a number of activities a second, such as 20 or 0.5. To take the limit away, reset it instead.")
    if rate < 0:
        return _("A limit cannot be below 0. 0 stops the queue; to take the limit away, reset it instead.")
    if queue == settings.TEMPORAL_TASK_QUEUE and rate < LEAST_FOR_DECISIONS:
        return _("Decisions are recorded on this queue: below 1 a second they would wait for ever. Give at least 1.")
    if 0 < rate < LEAST:
        return _("The smallest limit is 0.01, which is one in 100 seconds. 0 stops the queue.")
    if rate > MOST:
        return _("The largest limit is 100,000. To let workers go as fast as they can, reset it instead.")
    return ""
