"""What of a request is searched: words by their beginnings, on SQLite with FTS5, on PostgreSQL with pg_trgm."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.models import Q

LONGEST_TEXT = 20_000
"""Characters of one request that are searched: details may be long."""
MOST_WORDS = 12
_REFERENCE = re.compile(r"\br[-\s]?(\d{4,18})\b")
_WORD = re.compile(r"[^\W_]+")
_EXACT = re.compile(r"r\d{4,18}\Z")


class SearchText(models.Model):
    """One request as words in small letters, with a space at both ends; ``who``: those of its requester alone.

    On SQLite triggers keep the FTS5 table ``approvals_search`` equal to it.
    """

    request = models.OneToOneField("approvals.Request", models.CASCADE, primary_key=True, related_name="searched")
    text = models.TextField()
    who = models.TextField()

    class Meta:
        app_label = "approvals"

    def __str__(self) -> str:
        return self.text.strip()


def words(text: str) -> list[str]:
    """Words without case, accents and signs; a reference, R-2041, is one word."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return _WORD.findall(_REFERENCE.sub(r" r\1 ", plain))


def text_of(row: Any) -> SearchText:
    """For a row of any make: a migration's has no methods."""
    person = row.requester
    names = [row.requester_name, *((person.username, person.first_name, person.last_name) if person else ())]
    said = [f"R-{2000 + row.pk} {2000 + row.pk}", row.title, *names, *_leaves(row.details)]
    return SearchText(request_id=row.pk, text=_spaced(" ".join(said)), who=_spaced(" ".join(names)))


def _spaced(text: str) -> str:
    return f" {' '.join(words(text[:LONGEST_TEXT]))} "


def _leaves(value: Any) -> Iterable[str]:
    """All that people could read in details."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield str(value)


def remember(row: Any) -> None:
    """Have this new request found. Called in the transaction that makes it."""
    text_of(row).save(force_insert=True)


def says(column: str, text: str, within: str = "searched__") -> Q:
    """Every word of it begins a word there; a reference is meant as a whole."""
    condition = Q()
    for word in words(text)[:MOST_WORDS]:
        condition &= Q(**{f"{within}{column}__contains": f" {word} " if _EXACT.match(word) else f" {word}"})
    return condition


def exact() -> bool:
    """Whether ``matching`` is the very condition of ``says``: FTS5 takes words apart by rules of its own."""
    return connection.vendor != "sqlite" or not has_fts()


def matching(column: str, text: str, limit: int) -> list[int]:
    """The keys of at most so many requests that say it, by the search index where there is one."""
    if connection.vendor == "sqlite" and has_fts():
        terms = " ".join(f'"{word}"' if _EXACT.match(word) else f'"{word}"*' for word in words(text)[:MOST_WORDS])
        with connection.cursor() as cursor:
            cursor.execute(_FTS, [f"{{{column}}} : ({terms})", limit])
            return [pk for (pk,) in cursor.fetchall()]
    return list(SearchText.objects.filter(says(column, text, "")).values_list("pk", flat=True)[:limit])


_FTS = "SELECT rowid FROM approvals_search WHERE approvals_search MATCH %s LIMIT %s"


@lru_cache(maxsize=1)
def has_fts() -> bool:
    """A Python whose SQLite lacks FTS5 goes through the texts instead."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'approvals_search'")
        return cursor.fetchone() is not None
