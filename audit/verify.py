"""Checks the whole ledger, and names the first entry that is broken.

It proves, from the database alone: no entry was altered, replaced, inserted between others or removed from within a
stream; no stream was cut, or taken away, below what was last written or sealed; no seal was altered, or removed from
among the others.

It cannot prove, from the database alone, that the ledger was not rewritten as a whole, nor that its newest seals were
not set back together with the heads: whoever can do that can compute every hash anew. For this keep a head, the
"number:hash" that ``verify_ledger`` prints, in another place, and check against it: all that this seal covers is then
fixed. Nor can it notice that a stream younger than the last seal (a minute or two) was taken away together with its
head. And it says that what is there is what was written, not that it was true.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q, Sum

from audit import queries
from audit.canonical import GENESIS, canonical, digest, moment
from audit.models import Entry, Head, Seal

Item = TypeVar("Item")


@dataclass(frozen=True, order=True)
class Broken:
    """Where the ledger is broken, and how. They are ordered: entries as they were written, then heads, then seals."""

    rank: int
    place: int
    stream: str
    seq: int
    what: str

    def __str__(self) -> str:
        if not self.stream:
            return f"seal {self.seq}: {self.what}" if self.seq else self.what
        return f"entry {self.seq} of {self.stream}: {self.what}"


@dataclass
class Report:
    """What a check has seen. ``head`` is the last seal as "number:hash"; "0:000…" before the first."""

    entries: int = 0
    streams: int = 0
    seals: int = 0
    sealed: int = 0
    head: str = f"0:{GENESIS}"
    broken: Broken | None = None

    def found(self, broken: Broken | None) -> None:
        if broken and (self.broken is None or broken < self.broken):
            self.broken = broken


def ledger(kept: tuple[int, str] | None = None) -> Report:
    """Check everything, as of one moment, while others write. ``kept``: number and hash of a seal kept elsewhere."""
    report = Report()
    with _snapshot():
        _entries(report)
        _lost_streams(report)
        _seals(report, kept)
    return report


def stream(name: str) -> Broken | None:
    """Check one stream: its chain and its head, not the seals."""
    report = Report()
    with _snapshot():  # or an entry that is written meanwhile would look like a stream that was cut
        _entries(report, name)
    return report.broken


@contextmanager
def _snapshot() -> Iterator[None]:
    """All reads see one moment, and no writer waits for them."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # By hand: atomic() would take SQLite's one write lock, and keep it until the last entry is checked.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


# --- entries ----------------------------------------------------------------------------------------------------


def _entries(report: Report, name: str = "") -> None:
    last: Entry | None = None

    def seen() -> Iterator[Entry]:
        nonlocal last
        for entry in queries.in_order(name):
            last = entry
            yield entry

    by_stream = groupby(seen(), key=lambda entry: entry.stream)
    try:
        for batch in _batches((_stream(report, rows) for _name, rows in by_stream), 500):
            _compare_heads(report, batch)
    except (ValueError, DatabaseError):
        if not (broken := _unreadable(last)):
            raise
        report.found(broken)


def _unreadable(last: Entry | None) -> Broken | None:
    """The first entry after this one that holds a time, number or text that its column cannot hold."""
    rows = Entry.objects.order_by("stream", "seq")
    if last:
        rows = rows.filter(Q(stream=last.stream, seq__gt=last.seq) | Q(stream__gt=last.stream))
    for pk, name, seq in rows.values_list("pk", "stream", "seq").iterator():
        try:
            Entry.objects.get(pk=pk)
        except (ValueError, DatabaseError):
            return Broken(0, pk, name, seq, "it cannot be read: one of its columns was altered")
    return None


def _stream(report: Report, rows: Iterator[Entry]) -> tuple[Entry, bool]:
    """The last entry of a stream, and whether all is sound; after its first break a stream says nothing new."""
    seq, prev, sound = 0, GENESIS, True
    for entry in rows:
        report.entries += 1
        what = sound and _wrong(entry, seq, prev)
        if what:
            at = seq + 1 if entry.seq != seq + 1 else entry.seq
            report.found(Broken(0, entry.id, entry.stream, at, what))
            sound = False
        seq, prev = entry.seq, entry.hash
    report.streams += 1
    return entry, sound


def _wrong(entry: Entry, seq: int, prev: str) -> str:
    """What is wrong with this entry, the one before it having this number and hash; empty if nothing is."""
    if entry.seq != seq + 1:
        return f"it is missing, the next one there is {entry.seq}"
    if digest(str(entry.body)) != entry.hash:  # str: SQLite lets a text column hold bytes
        return "its text was altered, the hash does not fit it"
    if column := _differs(entry):
        return f"its column {column} was altered, the text says otherwise"
    if entry.prev_hash != prev:
        return (
            f"it does not follow from entry {seq}: one of the two was replaced" if seq else "it does not begin a stream"
        )
    return ""


_COLUMNS = ("stream", "seq", "kind", "actor", "known", "workflow_id", "run_id")


def _differs(entry: Entry) -> str:
    """The first column that does not say what the text says."""
    try:
        said = json.loads(entry.body)
        pairs = [(column, getattr(entry, column), said[column]) for column in _COLUMNS]
        pairs += [("at", entry.at and moment(entry.at), said["at"]), ("prev_hash", entry.prev_hash, said["prev"])]
    except (ValueError, TypeError, KeyError):
        return "body"
    return next((column for column, has, should in pairs if has != should), "")


def _compare_heads(report: Report, lasts: Sequence[tuple[Entry, bool]]) -> None:
    heads = Head.objects.in_bulk([entry.stream for entry, _sound in lasts])
    for entry, sound in lasts:
        if sound and (what := _cut(entry, heads.get(entry.stream))):
            seq = what[0]
            report.found(Broken(0, entry.id, entry.stream, seq, what[1]))


def _cut(last: Entry, head: Head | None) -> tuple[int, str] | None:
    if head is None:
        return last.seq, "the head of its stream is missing"
    if head.seq > last.seq:
        return last.seq + 1, f"it is missing, the stream was cut: {head.seq} entries were written"
    if head.seq < last.seq:
        return head.seq + 1, f"it was not written by the application: the stream's head is at {head.seq}"
    return (last.seq, "it was replaced, the stream's head has another hash") if head.hash != last.hash else None


def _lost_streams(report: Report) -> None:
    """Heads of which no entry is left."""
    lost = Head.objects.filter(~Exists(Entry.objects.filter(stream=OuterRef("stream")))).order_by("stream").first()
    if lost:
        report.found(Broken(1, 0, lost.stream, 1, f"it is missing, and with it the whole stream of {lost.seq}"))


# --- seals ------------------------------------------------------------------------------------------------------


def _seals(report: Report, kept: tuple[int, str] | None) -> None:
    before = Seal(number=0, entries=0, root=GENESIS, hash=GENESIS)
    for seal in Seal.objects.order_by("number").iterator(chunk_size=20):
        report.seals += 1
        if what := _wrong_seal(seal, before):
            return report.found(Broken(2, before.number + 1, "", before.number + 1, what))
        if kept and kept[0] == seal.number and kept[1] != seal.hash:
            return report.found(_not_kept(kept, "it is not the one that was kept: the ledger was rewritten"))
        _sealed_entries(report, seal)
        before = seal
    report.sealed, report.head = before.entries, f"{before.number}:{before.hash}"
    if kept and kept[0] > before.number:
        return report.found(_not_kept(kept, f"it is missing, the seals end at {before.number}: they were cut"))
    return _seals_to_the_end(report, before)


def _not_kept(kept: tuple[int, str], what: str) -> Broken:
    return Broken(2, kept[0], "", kept[0], what)


def _wrong_seal(seal: Seal, before: Seal) -> str:
    if seal.number != before.number + 1:
        return f"it is missing, the next one there is {seal.number}"
    if digest(str(seal.body)) != seal.hash:
        return "its text was altered, the hash does not fit it"
    try:
        said = json.loads(seal.body)
        agrees = (said["number"], said["entries"], said["root"], said["prev"], said["at"]) == (
            *(seal.number, seal.entries, seal.root, seal.prev_hash),
            moment(seal.at),
        )
        root = digest(before.root + canonical(said["heads"]))
        entries = before.entries + sum(last - sealed for _stream, sealed, last, _hash in said["heads"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return "its text is not that of a seal"
    if not agrees:
        return "its columns were altered, the text says otherwise"
    if seal.prev_hash != before.hash:
        return f"it does not follow from seal {before.number}: one of the two was replaced"
    return (
        "" if (root, entries) == (seal.root, seal.entries) else "its root or its count does not fit the heads it lists"
    )


def _sealed_entries(report: Report, seal: Seal) -> None:
    """Every head that the seal lists is still an entry with this hash."""
    heads: list[list[Any]] = json.loads(seal.body)["heads"]
    for batch in _batches(heads, 500):
        there = queries.hashes([(stream, seq) for stream, _sealed, seq, _hash in batch])
        for stream, _sealed, seq, hash_ in batch:
            if (has := there.get((stream, seq))) != hash_:
                what = "it was replaced" if has else "it is missing"
                report.found(Broken(2, seal.number, stream, seq, f"{what} after seal {seal.number} had been set on it"))


def _seals_to_the_end(report: Report, last: Seal) -> None:
    marked = Head.objects.aggregate(sum=Sum("sealed_seq"))["sum"] or 0
    if marked != last.entries:
        what = f"the seals cover {last.entries} entries, the heads say {marked}: seals or heads are missing"
        report.found(Broken(3, 0, "", 0, what))
