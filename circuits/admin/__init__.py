"""The admin site of circuits: the registry, which is written here; and what has happened, which is there to read."""

from circuits.admin import history, services

__all__ = ["history", "services"]
