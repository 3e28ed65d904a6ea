"""What makes the database itself refuse to change the ledger, for every client of it."""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

_REFUSAL = "The ledger is append-only."
_FIXED = {"audit_entry": "id = NEW.id OR (stream = NEW.stream AND seq = NEW.seq)", "audit_seal": "number = NEW.number"}
"""The tables that are only added to, and when a new row of theirs is one that exists."""
_KEPT = "audit_head"
"""Its rows change, but stay."""


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers there; those that are there stay."""
    _run(connection, _sqlite() if connection.vendor == "sqlite" else _postgresql())


def remove(connection: BaseDatabaseWrapper) -> None:
    """For taking the migration back, and for tests that empty their own database."""
    on_table = "" if connection.vendor == "sqlite" else " ON {table}"
    _run(connection, [f"DROP TRIGGER IF EXISTS {name}" + on_table.format(table=table) for table, name in _names()])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _names() -> Iterator[tuple[str, str]]:
    for table in (*_FIXED, _KEPT):
        for event in ("update", "delete", "replace", "truncate"):
            yield table, f"{table}_no_{event}"


def _sqlite() -> list[str]:
    statements = [_sqlite_trigger(table, event, event) for table in _FIXED for event in ("update", "delete")]
    # INSERT OR REPLACE deletes the old row without asking the trigger for deletes.
    statements += [
        _sqlite_trigger(table, "replace", "insert", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})")
        for table, same in _FIXED.items()
    ]
    return [*statements, _sqlite_trigger(_KEPT, "delete", "delete")]


def _sqlite_trigger(table: str, name: str, event: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{name} BEFORE {event.upper()} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )


def _postgresql() -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    triggers = [
        f"CREATE OR REPLACE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
        f"FOR EACH {'STATEMENT' if event == 'truncate' else 'ROW'} EXECUTE FUNCTION audit_refuse()"
        for table in (*_FIXED, _KEPT)
        for event in ("update", "delete", "truncate")
        if (table, event) != (_KEPT, "update")
    ]
    return [function, *triggers]
