"""The chore that lets minutes go when they are older than a month; changes and the ledger stay."""

from datetime import timedelta

from django.utils import timezone

from circuits.models import Sample
from live.writes import write

KEPT = timedelta(days=30)
PIECE = 1_000


def prune() -> int:
    """Asked every second by each worker; an index answers where there is nothing. How many went."""
    old = Sample.objects.filter(minute__lt=timezone.now() - KEPT).order_by("minute")
    found = list(old.values_list("pk", flat=True)[:PIECE])
    if not found:
        return 0
    with write(nudge=False):
        return Sample.objects.filter(pk__in=found).delete()[0]
