"""How a service is called in a thread that outlives the call: no broken database connection stays behind."""

from collections.abc import Callable
from typing import Any

from django.db import connections


def tidied(function: Callable[..., Any], *args: Any) -> Any:
    """Call it, and leave no connection behind that is broken, or that belongs to a pool."""
    try:
        return function(*args)
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.vendor != "sqlite" or connection.errors_occurred:
                connection.close()
