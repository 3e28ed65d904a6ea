"""Counts that stop: several in one statement, each as far as anybody wants to read a number."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

CAP = 1_000
"""CAP + 1 stands for more than that."""


def count_together(*counted: Sequence[QuerySet[Any]], cap: int | None = None) -> list[int]:
    """How many different rows each of these finds in all its lists, up to ``cap`` + 1 (CAP + 1).

    A list is of one column, or it is its keys that are counted; none is read further than that.
    """
    limit = 1 + (CAP if cap is None else cap)
    parts = [[part for one in lists if (part := _sql(one, limit))] for lists in counted]
    columns = ", ".join(f"({_count([sql for sql, _params in part], limit)})" for part in parts)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [value for part in parts for _sql, params in part for value in params])
        return list(cursor.fetchone())


def _sql(rows: QuerySet[Any], limit: int) -> tuple[str, tuple[Any, ...]] | None:
    keys = rows if rows.query.values_select else rows.values_list("pk")
    try:
        sql, params = keys[:limit].query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return sql, params


def _count(lists: list[str], limit: int) -> str:
    """What stands in two of them counts once. (SQLite takes no LIMIT in a part of a UNION, but in what it is from.)"""
    if not lists:
        return "SELECT 0"
    each = [f"SELECT * FROM ({sql}) AS part" for sql in lists]
    all_of_them = f"{' UNION '.join(each)} LIMIT {limit}" if len(lists) > 1 else each[0]
    return f"SELECT COUNT(*) FROM ({all_of_them}) AS counted"
