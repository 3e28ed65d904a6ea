"""The groups of a batch after its end: what each came to, kept when its workflow ends, shown, and written as a file."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F

from batches.models import Batch, ItemGroup
from worker.batch_groups import ENDED, RUNNING, STOPPED, TOLD, WAITING

NUMBERS = ("items", "served", "degraded", "failed")


def keep(row: Batch, groups: Sequence[Mapping[str, Any]]) -> None:
    """The caller holds the transaction. Twice is once."""
    ItemGroup.objects.bulk_create(
        [ItemGroup(batch=row, place=place, **_columns(group)) for place, group in enumerate(groups)],
        ignore_conflicts=True,
    )


def _columns(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: group[name] for name in ("name", "state", *NUMBERS)}


def count(row: Batch, first: int, *, served: int, degraded: int, failed: int) -> None:
    """Of a child that went on after its batch; ``first``: the number of its first item."""
    starts = (row.data or {}).get("starts") or ()
    if not starts:
        return
    mine = ItemGroup.objects.filter(batch=row, place=bisect_right(starts, first) - 1)
    mine.update(served=F("served") + served, degraded=F("degraded") + degraded, failed=F("failed") + failed)
    mine.filter(state=RUNNING).update(state=WAITING)
    mine.filter(state=WAITING, items=F("served") + F("failed")).update(state=ENDED)


def told(row: Batch) -> dict[str, Any] | None:
    """As a batch tells them while it runs, those with the most failures first. None where none were kept."""
    kept = ItemGroup.objects.filter(batch=row)
    states = list(kept.values_list("state", flat=True))
    if not states:
        return None
    first = kept.order_by("-failed", "place")[:TOLD]
    return {
        "group_by": (row.spec or {}).get("group_by") or (row.told or {}).get("group_by", ""),
        "groups": list(first.values("name", "state", *NUMBERS)),
        "groups_by_state": {state: states.count(state) for state in (WAITING, RUNNING, ENDED, STOPPED)},
        "chunks": len(states),
        "kept": True,
    }


def lines(row: Batch) -> Iterator[dict[str, Any]]:
    """For a file: all of them, in the order in which they came."""
    for group in ItemGroup.objects.filter(batch=row).order_by("place").iterator(chunk_size=1_000):
        ended = group.served + group.failed
        yield {
            "group": group.name,
            "items": group.items,
            "succeeded": group.served - group.degraded,
            "degraded": group.degraded,
            "failed": group.failed,
            "not_run": group.items - ended,
            "state": "not_run" if group.state in (WAITING, RUNNING) else group.state,
        }
