"""Between transactional tests: the database becomes what it was before the first one.

Only what was touched is written. Django's own way empties every table, makes content types and permissions anew, and
forgets what came by migration.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

from audit import triggers

Rows = list[tuple[object, ...]]


class Beginning:
    """The rows of each table as the migrations left them."""

    def __init__(self) -> None:
        self.tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
        self.rows = {table: _all(table) for table in _with_rows(self.tables)}

    def restore(self) -> None:
        """A worker of the test may still write: on PostgreSQL one of the two may have to begin again."""
        for left in reversed(range(10)):
            try:
                self._restore()
            except OperationalError:
                if not left:
                    raise
            else:
                return

    def _restore(self) -> None:
        """In one transaction: keys to other tables are looked at when it ends, so the order is nobody's concern."""
        with transaction.atomic():
            _alone(self.tables)
            touched = self._touched()
            with _ledger_may_be_emptied(touched), connection.cursor() as cursor:
                for table in touched:
                    cursor.execute(f"DELETE FROM {_quoted(table)}")
                for table in touched:
                    _insert(table, self.rows.get(table, []))

    def _touched(self) -> list[str]:
        filled = [table for table in _with_rows(self.tables) if table not in self.rows]
        return filled + [table for table, rows in self.rows.items() if _all(table) != rows]


@contextmanager
def between_tests() -> Iterator[None]:
    """For as long as a test run lasts. The database has been made, and nobody has written yet."""
    beginning = Beginning()
    usual = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
    TransactionTestCase._fixture_teardown = lambda case: beginning.restore()  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = usual  # type: ignore[attr-defined]


@contextmanager
def _ledger_may_be_emptied(touched: list[str]) -> Iterator[None]:
    """Its triggers refuse that."""
    if not any(table.startswith("audit_") for table in touched):
        yield
        return
    triggers.remove(connection)
    yield
    # PostgreSQL changes no table for which it still has something to look at.
    connection.check_constraints()
    triggers.install(connection)


def _alone(tables: list[str]) -> None:
    """Nobody else writes until the transaction ends. SQLite's transactions are so anyway."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_quoted(table) for table in tables)} IN ACCESS EXCLUSIVE MODE")


def _with_rows(tables: list[str]) -> list[str]:
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {_quoted(table)})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]


def _all(table: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY 1")
        return list(cursor.fetchall())


def _insert(table: str, rows: Rows) -> None:
    if not rows:
        return
    places = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {_quoted(table)} VALUES ({places})", rows)


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)
