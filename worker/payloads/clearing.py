"""Data sets whose run has ended without cleaning up, for it was terminated or ran out of time: the workers do it."""

import logging
import time

from worker.datasets import kinds
from worker.payloads import referring
from worker.payloads.folder import Owner
from worker.payloads.sweeping import HALF_WRITTEN, drop

log = logging.getLogger(__name__)

EVERY = 60.0
SETTLED = 60.0
"""Seconds for which a set has lain there: what was just stored is let be, its run may not be found yet."""

_next = 0.0


def clear_due() -> int:
    """A chore of each worker; it looks now and then. How many sets went."""
    global _next
    if time.monotonic() < _next:
        return 0
    _next = time.monotonic() + EVERY
    return clear()


def clear() -> int:
    """Raises ClientError where Temporal gives no answer; then the rest stays for the next time."""
    ended: dict[Owner, bool] = {}
    cleared = 0
    for kind, kept in kinds.all_kinds().items():
        for blob in kept.all():
            if blob.owner is None or blob.at > time.time() - SETTLED:
                continue
            if blob.owner not in ended:
                ended[blob.owner] = referring.run_has_ended(blob.owner)
            if ended[blob.owner] and kept.remove(blob.key, blob.at):
                cleared += 1
                log.info("The data set %s/%s of %s was cleaned up.", kind, blob.key, blob.owner.workflow_id)
        drop(kept.leftovers(HALF_WRITTEN))
    return cleared
