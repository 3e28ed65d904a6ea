"""The admin of approvals: levels, who holds them, policies, people; what has happened is there to read only."""

from approvals.admin import history, levels, people, policies

__all__ = ["history", "levels", "people", "policies"]
