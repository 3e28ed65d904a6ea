"""The live pieces of batches: the list, one batch twice a second, what was of it more slowly."""

from collections.abc import Hashable, Mapping
from typing import Any

from approvals.queries import said
from batches import asking, groups, listing, ops, page, past, queries
from batches.models import Batch
from batches.page import BatchPage
from batches.retrying import offers
from batches.starting import again
from batches.steering import controls
from batches.under_way import uncounted
from circuits.access import is_ops
from circuits.notices import OPS
from live.once import once
from live.regions import Region, register
from worker.reading import as_uuid


@register
class BatchesRegion(Region):
    """A page of the list; the key is all that is asked for. The same for everybody signed in."""

    name = "batches"
    template = "batches/_batches.html"
    interval = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and asking.of_key(key) is not None

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.list_version()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        asked = asking.of_key(key)
        assert asked is not None, "or it was not to be watched"
        return {"list": listing.listed(asked)}


@register
class BatchesBadgeRegion(Region):
    """How many need ops; others have no such number."""

    name = "batches-badge"
    template = "batches/_badge.html"
    interval = 5.0

    def may_watch(self, user: Any, key: str) -> bool:
        return key == "" and is_ops(user)

    def audience(self, user: Any, key: str) -> Hashable:
        return OPS

    def version(self, key: str, audience: Hashable) -> Hashable:
        return ops.version()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        number = once(("number_of_batches_for_ops",), ops.number_for_ops)
        return {"number": number, "said": said(number)}


class OfOneBatch(Region):
    """The key is its uuid; the same for everybody signed in."""

    def may_watch(self, user: Any, key: str) -> bool:
        return bool(user.is_active) and _known(key)

    def audience(self, user: Any, key: str) -> Hashable:
        return "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.version(key)

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"page": remembered_page(key)}


@register
class BatchHeadRegion(OfOneBatch):
    """Its title and its state; the controls stand beside it, outside."""

    name = "batch-head"
    template = "batches/_head.html"
    interval = 0.5


@register
class BatchRegion(OfOneBatch):
    """One batch as it is now."""

    name = "batch"
    template = "batches/_batch.html"
    interval = 0.5


@register
class BatchLineRegion(OfOneBatch):
    """Its speed over time: of the last minutes, or with a key that says so from the beginning."""

    name = "batch-line"
    template = "batches/_line.html"
    interval = 2.0

    def may_watch(self, user: Any, key: str) -> bool:
        uuid, whole = _apart(key)
        return super().may_watch(user, uuid) and key == line_key(uuid, whole)

    def version(self, key: str, audience: Hashable) -> Hashable:
        return queries.version(_apart(key)[0])

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        uuid, whole = _apart(key)
        return {"line": past.rate_line(remembered_page(uuid), whole)}


@register
class BatchFailuresRegion(OfOneBatch):
    """What has failed, by cause; ops are led to running it again besides."""

    name = "batch-failures"
    template = "batches/_failures.html"
    interval = 2.0

    def audience(self, user: Any, key: str) -> Hashable:
        return OPS if is_ops(user) else "everybody"

    def version(self, key: str, audience: Hashable) -> Hashable:
        return groups.version(key)

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        told = remembered_page(key).told
        found = groups.groups_of(told.row)
        offered = offers(found, told, ops=audience == OPS)
        return {"told": told, "groups": found, "offers": offered, "inside": uncounted(told, found.failures)}


@register
class BatchControlsRegion(OfOneBatch):
    """What can be ordered of it as it is now, for ops: a region of its own, so that no button moves under a finger."""

    name = "batch-controls"
    template = "batches/_controls.html"
    interval = 1.0

    def may_watch(self, user: Any, key: str) -> bool:
        return is_ops(user) and super().may_watch(user, key)

    def audience(self, user: Any, key: str) -> Hashable:
        return OPS

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        found = remembered_page(key)
        return {"page": found, "choices": controls.choices(found)}


@register
class BatchMapRegion(OfOneBatch):
    """Which of its chunks have ended, run, failed, and are to come."""

    name = "batch-map"
    template = "batches/_map.html"
    interval = 1.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"chunks": past.chunk_map(remembered_page(key))}


@register
class BatchPastRegion(OfOneBatch):
    """What happened, and who ordered it: as soon as something does."""

    name = "batch-past"
    template = "batches/_past.html"
    interval = 5.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        return {"past": past.past(remembered_page(key).row)}


@register
class BatchFactsRegion(OfOneBatch):
    """How it is set, over what it runs, and what came of it."""

    name = "batch-facts"
    template = "batches/_facts.html"
    interval = 1.0


@register
class BatchAgainRegion(OfOneBatch):
    """What can be started from it once it has ended; offered to ops."""

    name = "batch-again"
    template = "batches/_again.html"
    interval = 5.0

    def audience(self, user: Any, key: str) -> Hashable:
        return is_ops(user)

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        row = remembered_page(key).row
        offered = again.offered(row) if audience and row.closed_at else None
        return {"row": row, "ops": audience, "offered": offered}


@register
class BatchAnotherRegion(BatchAgainRegion):
    """While it runs: the way to another one like it."""

    name = "batch-another"
    template = "batches/_another.html"


@register
class BatchResultsRegion(OfOneBatch):
    """What its jobs returned, so far or in all; whether it still can be had."""

    name = "batch-results"
    template = "batches/_results.html"
    interval = 5.0


def remembered_page(uuid: str) -> BatchPage:
    """Its page asks for it, and its regions again: one read."""
    return once(("batch", uuid), lambda: page.batch_page(uuid))


def line_key(uuid: object, whole: bool) -> str:
    return f"{uuid}/{past.WHOLE}" if whole else str(uuid)


def _apart(key: str) -> tuple[str, bool]:
    uuid, _slash, window = key.partition("/")
    return uuid, window == past.WHOLE


def _known(key: str) -> bool:
    """Exactly as it is written in its address."""
    return str(as_uuid(key)) == key and once(("known", key), Batch.objects.filter(uuid=key).exists)


from batches.clock import regions as _schedules  # noqa: E402, F401  (registers its own)
from batches.release import regions as release_regions  # noqa: E402, F401  (found here, as every region is)
from batches.sets import regions as _sets  # noqa: E402, F401  (registers its own)
