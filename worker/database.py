"""The database in threads of a worker's own: a connection is given back after each turn."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections


@contextmanager
def with_the_database() -> Iterator[None]:
    """Its connection is given back after each turn, and looked at before it: the database may have been away."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
