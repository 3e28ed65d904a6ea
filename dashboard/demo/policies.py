"""The demo's own kinds of requests; the default policy stays as it comes with the product."""

from typing import NamedTuple

from approvals.models import Level, Policy, Tier
from live.writes import write

HOUR = 3_600


class Rule(NamedTuple):
    """From this amount on, this level decides too, within so many hours."""

    level: str
    from_amount: int
    hours: int


POLICIES: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "maintenance": ("Maintenance", (Rule("manager", 0, 2), Rule("director", 25_000, 4), Rule("vp", 250_000, 8))),
    "purchase": (
        "Purchase",
        (
            Rule("manager", 0, 12),
            Rule("director", 10_000, 24),
            Rule("vp", 100_000, 48),
            Rule("ceo", 1_000_000, 72),
        ),
    ),
    "software": ("Software and licences", (Rule("manager", 0, 30), Rule("director", 20_000, 60))),
    "travel": ("Travel", (Rule("manager", 0, 6), Rule("director", 5_000, 20))),
}


def load() -> None:
    """Those that are missing; one that is there may have been changed, and stays."""
    with write():
        for kind, (title, rules) in POLICIES.items():
            policy, new = Policy.objects.get_or_create(kind=kind, defaults={"title": title, "currency": "EUR"})
            if new:
                _add_tiers(policy, rules)


def _add_tiers(policy: Policy, rules: tuple[Rule, ...]) -> None:
    levels = Level.objects.in_bulk([rule.level for rule in rules], field_name="name")
    Tier.objects.bulk_create(
        Tier(
            policy=policy,
            level=levels[rule.level],
            position=position,
            from_amount=rule.from_amount,
            timeout_seconds=rule.hours * HOUR,
        )
        for position, rule in enumerate(rules, start=1)
    )
