"""Of batches that programs begin past the site: refused, where a setting says so, if somebody would have to approve."""

from django.conf import settings
from django.utils.translation import gettext as _

from batches.models import Batch, Release
from batches.release.limits import cost_together, jobs_of, why
from worker.batch_contract import BatchSpec


def not_approved(uuid: str, spec: BatchSpec, items: int) -> list[str]:
    """In sentences, once its items are counted. What was approved here was compared when it was begun."""
    if not settings.BATCH_APPROVAL_STRICT:
        return []
    row = Batch.objects.get(uuid=uuid)
    if row.releases.filter(state=Release.State.GIVEN).exists():
        return []
    jobs = jobs_of(spec)
    reasons = why(jobs, items, cost_together(jobs, items))
    said = _("Nobody has approved it. Start it on the site, or with manage.py batch start: there it asks for that.")
    return [*reasons, said] if reasons else []
