"""Whether failed items can be run again now, and where one orders it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from batches.groups import Group, Groups
from batches.models import Batch, Kind, State
from batches.starting.origins import failed_of
from batches.told import Told
from worker.datasets.references import BadSource

POSSIBLE = (State.RUNNING, State.PAUSING, State.PAUSED)


@dataclass(frozen=True)
class Offer:
    """A group, and the addresses at which it, or some of it first, is run again; "" where that is not offered.

    ``new``: as a new batch, of one that has ended.
    """

    group: Group
    all: str = ""
    some: str = ""
    new: str = ""


def offers(groups: Groups, told: Told, *, ops: bool) -> Sequence[Offer]:
    """To ops, while the batch goes on and counts failures: what failed in a chunk that runs counts when that has ended.

    Of what no other try will help, none; nor of a MapReduce that reduces, or has ended.
    Of one that has ended, a new batch, whatever its job said: it may be mended.
    """
    if told.progress.get("phase") == "reduce" or (told.ended and told.row.kind == Kind.MAPREDUCE):
        return [Offer(group) for group in groups.shown]
    if ops and told.ended and groups.shown and _readable(told.row):
        return [Offer(group, new=_new(told.row, group)) for group in groups.shown]
    possible = ops and told.state in POSSIBLE and not told.ended and bool(told.progress["failed"])
    return [_offer(group, told) if possible and not group.final else Offer(group) for group in groups.shown]


def _offer(group: Group, told: Told) -> Offer:
    return Offer(group, _address(told, group), _address(told, group, group.sample) if group.sample else "")


def _readable(batch: Batch) -> bool:
    """What failed is still where it was read."""
    try:
        failed_of(batch)
    except BadSource:
        return False
    return True


def _new(batch: Batch, group: Group) -> str:
    return f"{reverse('batches:new')}?{urlencode({'failed_of': str(batch.uuid), 'group': group.row.fingerprint})}"


def _address(told: Told, group: Group, sample: int = 0) -> str:
    try:
        address = reverse("batches:order", args=[told.row.uuid])
    except NoReverseMatch:
        return ""
    query = {"action": "retry", "group": group.row.fingerprint, **({"sample": sample} if sample else {})}
    return f"{address}?{urlencode(query)}#order"
