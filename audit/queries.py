"""Every read of the ledger that a page makes, and the signal that something was written."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format

from audit import subjects
from audit.filters import Wanted, found
from audit.models import Entry
from audit.subjects import Subject

PAGE = 50
AUDITORS = "auditors"


@dataclass(frozen=True)
class Line:
    """An entry as a page shows it."""

    entry: Entry
    subject: Subject | None = None

    @property
    def title(self) -> str:
        """The kind in words: "decision.applied" is "Decision applied"."""
        words = self.entry.kind.replace(".", " ").replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was recorded, as (name, value) pairs for people; the whole of it stands in the entry's body."""
        return [
            (key.replace("_", " "), _said(key, value))
            for key, value in self.entry.data.items()
            if value not in ("", None, [], {}) and key not in _FOR_PROGRAMS
        ]


_FOR_PROGRAMS = ("decision_id", "shown", "index", "order")
_TIMES = ("deadline", "made_at", "at", "until")


def _said(key: str, value: Any) -> str:
    """A value in words: a time (epoch seconds, by its name) as a time, the rest as it is or as JSON."""
    if key in _TIMES and isinstance(value, int | float):
        try:
            at = timezone.localtime(datetime.fromtimestamp(value, tz=UTC))
        except (OverflowError, OSError, ValueError):
            return str(value)
        return date_format(at, "j M Y, H:i:s")
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return ", ".join(_listed(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(_measured(*pair) for pair in value.items() if pair[1] not in (None, "", [], {}))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _listed(one: dict[str, Any]) -> str:
    """One of a list, such as a level of a chain: its words, then its numbers in brackets: "manager (24 h)"."""
    words = " ".join(value for value in one.values() if value and isinstance(value, str))
    rest = ", ".join(_measured(*pair) for pair in one.items() if not isinstance(pair[1], str | None))
    return f"{words} ({rest})" if words and rest else words or rest


def _span(seconds: float) -> str:
    return f"{seconds / 3_600:g} h" if seconds >= 3_600 else f"{seconds:g} s"


def _measured(key: str, value: Any) -> str:
    """With its name; what that says to be seconds is a span of time."""
    if key.endswith("_seconds") and isinstance(value, int | float):
        return f"{key.removesuffix('_seconds').replace('_', ' ')} {_span(value)}"
    return f"{key.replace('_', ' ')} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def may_read(user: AbstractBaseUser | AnonymousUser) -> bool:
    """The ledger is for auditors and admins."""
    return isinstance(user, User) and user.pk in readers_among([user])


def readers_among(people: Iterable[User]) -> set[int]:
    """Those who may read the ledger: one query, none where all are admins."""
    active = [person for person in people if person.is_active]
    admins = {person.pk for person in active if person.is_superuser}
    others = {person.pk for person in active} - admins
    auditors = User.objects.filter(pk__in=others, groups__name=AUDITORS) if others else User.objects.none()
    return admins | set(auditors.values_list("pk", flat=True))


def head() -> int:
    """The highest id, 0 for none: microseconds, asked every 50 ms. Says that something was written, not what."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) FROM audit_entry")
        return cursor.fetchone()[0] or 0


def of_stream(stream: str) -> list[Entry]:
    """All of one stream, oldest first."""
    return list(Entry.objects.filter(stream=stream).order_by("seq"))


def entries(wanted: Wanted, before: int | None = None) -> tuple[list[Line], bool]:
    """One page, newest first, of the entries with an id below ``before``; and whether there are older ones."""
    rows = found(wanted).order_by("-id")
    rows = rows.filter(id__lt=before) if before else rows
    seen = list(rows[: PAGE + 1])
    named = subjects.of(entry.stream for entry in seen)
    return [Line(entry, named.get(entry.stream)) for entry in seen[:PAGE]], len(seen) > PAGE


def kinds() -> list[str]:
    """All kinds there are; steps from one to the next in the index, so that a million entries cost as little as ten."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE step(kind) AS (SELECT MIN(kind) FROM audit_entry UNION ALL "
            "SELECT (SELECT MIN(kind) FROM audit_entry WHERE kind > step.kind) FROM step WHERE step.kind IS NOT NULL) "
            "SELECT kind FROM step WHERE kind IS NOT NULL"
        )
        return [kind for (kind,) in cursor.fetchall()]


def hashes(pairs: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The hash of each of these entries, (stream, seq), as far as they exist."""
    with connection.cursor() as cursor:
        # CROSS JOIN: then SQLite looks each pair up in the index; for IN (VALUES ...) it reads the whole table.
        cursor.execute(
            f"WITH wanted(stream, seq) AS (VALUES {', '.join(['(%s, %s)'] * len(pairs))}) "
            "SELECT entry.stream, entry.seq, entry.hash FROM wanted CROSS JOIN audit_entry entry "
            "WHERE entry.stream = wanted.stream AND entry.seq = wanted.seq",
            [value for pair in pairs for value in pair],
        )
        return {(stream, seq): hash_ for stream, seq, hash_ in cursor.fetchall()}


def in_order(stream: str = "") -> Iterator[Entry]:
    """Every entry by stream and number, without ever holding more than a few thousand."""
    rows = Entry.objects.filter(stream=stream) if stream else Entry.objects.all()
    return rows.order_by("stream", "seq").iterator(chunk_size=2_000)
