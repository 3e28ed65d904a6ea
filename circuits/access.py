"""Who may act on circuits: the group ``ops``, and admins. Everybody signed in reads."""

from typing import Any

from circuits.notices import OPS
from live.once import once


def is_ops(user: Any) -> bool:
    """One query, remembered for the page."""
    if not (user.is_authenticated and user.is_active):
        return False
    if user.is_superuser:
        return True
    found: bool = once(("is_ops", user.pk), user.groups.filter(name=OPS).exists)
    return found


def may_register(user: Any) -> bool:
    """Who writes the registry: ops, and whoever was given the permission of the admin site."""
    return is_ops(user) or bool(user.is_authenticated and user.has_perm("circuits.change_service"))
