"""Counters that are true across processes and restarts: each count is a row, written with what it counts.

A row that every writer changed would make them wait for each other; a row that each of them adds makes nobody wait,
and is taken back with its transaction. A chore of the workers adds rows up into one, so that reading them all stays
cheap however much was counted (ADR 12).
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from live.models import Count
from live.writes import write

MANY = 200
"""So many rows are left as they are: adding them up when they are read costs less than a millisecond."""
PIECE = 5_000


def count(name: str, number: int = 1, /, **labels: str) -> None:
    """Count something, in the transaction of what is counted. Labels have few values: never anything from outside."""
    if not connection.in_atomic_block:
        raise RuntimeError("A count is written with what it counts: call this inside `with live.writes.write():`.")
    if number:
        Count.objects.create(name=name, labels=json.dumps(labels, sort_keys=True), number=number)


def count_all(counted: Iterable[tuple[str, dict[str, str], int]]) -> None:
    """What a process counted by itself for a while."""
    with write(nudge=False):
        for name, labels, number in counted:
            count(name, number, **labels)


Totals = dict[str, dict[str, int]]


def totals() -> Totals:
    """{name: {labels as JSON: number}}: one query, of what is committed at this moment."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (name, labels), number in _summed(Count.objects.values_list("name", "labels", "number")).items():
        found[name][labels] = number
    return dict(found)


def fold() -> int:
    """Add up what has been counted; how many rows are gone. Every worker may call it every second."""
    if Count.objects.count() <= MANY:
        return 0
    with write(nudge=False):
        # What another worker is adding up is let be: no row is added up twice.
        rows = list(Count.objects.select_for_update(skip_locked=True).order_by("pk")[:PIECE])
        sums = _summed((row.name, row.labels, row.number) for row in rows)
        if len(sums) >= len(rows):
            return 0
        Count.objects.filter(pk__in=[row.pk for row in rows]).delete()
        Count.objects.bulk_create(Count(name=name, labels=labels, number=n) for (name, labels), n in sums.items())
    return len(rows) - len(sums)


def _summed(rows: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for name, labels, number in rows:
        sums[name, labels] += number
    return dict(sums)
