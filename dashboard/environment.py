"""An environment variable, read as what a setting is: a switch, a list, hosts, costs; or it is said what is wrong."""

import os
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ImproperlyConfigured

from accounts import hosts


def flag(name: str, default: bool = False) -> bool:
    """An environment variable as a switch: 1, true, yes or on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    """An environment variable as a list, separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def hosts_by_name(name: str) -> dict[str, hosts.Hosts]:
    """An environment variable of entries NAME=host; several of one name add up. Over http as over https."""
    found: dict[str, list[str]] = {}
    for entry in words(name):
        what, equals, host = entry.partition("=")
        if not (what.strip() and equals and host.strip()):
            raise ImproperlyConfigured(f"{name}: {entry!r} is not understood: write NAME=host or NAME=host:port.")
        found.setdefault(what.strip(), []).append(host.strip())
    try:
        return {what: hosts.read(",".join(each), plain=True) for what, each in found.items()}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def costs(name: str) -> dict[str, Decimal]:
    """An environment variable as what an item costs by its job: "pay=0.25, http=0.02, 0.001"; "" is every other job."""
    found = {}
    for word in words(name):
        job, _sign, cost = word.rpartition("=")
        try:
            found[job.strip()] = Decimal(cost.strip())
        except InvalidOperation:
            found[job.strip()] = Decimal("NaN")
        if not found[job.strip()].is_finite() or found[job.strip()] < 0:
            raise ImproperlyConfigured(f"{name}: {word!r} must be a cost such as 0.25, or JOB=0.25.")
    return found


def allowed_hosts(name: str, *, plain: bool = False) -> hosts.Hosts:
    """An environment variable as the hosts that may be called; ``plain``: over http as over https."""
    try:
        return hosts.read(os.environ.get(name, ""), plain=plain)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None
