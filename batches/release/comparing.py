"""What is not any more as it was approved: the order, its job, its data. In sentences; none: it may begin."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from approvals.words import listed
from batches.models import Release
from batches.release.marks import differing, digest_of
from batches.release.sizing import in_words, same_data
from batches.starting.services import checked
from worker.datasets.references import BadSource


def changes(release: Release) -> list[str]:
    """Reads the whole file, so not within a transaction."""
    order = release.batch.payload or {}
    if digest_of(order) != release.digest:
        parts = listed(differing(order, release.marks))
        return [_("The order is not the one that was approved any more: %(parts)s.") % {"parts": parts}]
    try:
        spec = checked(order)
    except ValidationError as error:
        return [sentence for sentences in error.message_dict.values() for sentence in sentences]
    try:
        same_data(spec.source, release.items)
    except BadSource as error:
        return [in_words(error, spec.source)]
    return []
