"""The admin of approvals: levels, who holds them, who stands in, policies, people; and what has happened."""

from approvals.admin import delegations, history, levels, people, policies

__all__ = ["delegations", "history", "levels", "people", "policies"]
