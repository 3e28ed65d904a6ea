"""The demo's absence: the director is away for a week, and one of the managers decides for him meanwhile."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.utils import timezone

from approvals import absence
from approvals.holders import day_of
from approvals.models import Delegation, Level
from live.writes import write

FORM = uuid5(NAMESPACE_URL, "https://leitstand.example/demo/absence")
DAYS = timedelta(days=7)


def load(people: Mapping[str, User]) -> None:
    """Once: an absence that somebody ended, or that is over, does not come back."""
    away, stand_in = people["dirk"], people["peter"]
    level = Level.objects.get(name="director")
    with write():
        if Delegation.objects.filter(form_id=FORM).exists() or not away.levels_held.filter(level=level).exists():
            return
        today = day_of(timezone.now())
        wanted = absence.Wanted(away, stand_in, (level,), today, today + DAYS)
        absence.delegate(wanted=wanted, form_id=FORM, by=away)
