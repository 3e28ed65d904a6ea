"""Which chain a request gets: resolved once, at its start, and carried by the workflow from then on."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from approvals.models import Level, Policy, Tier
from worker.contracts import DAY, ApprovalRequest, LevelSpec

SINGLE_TIMEOUT = 7 * DAY


class UnknownKind(LookupError):
    """There is no policy for this kind."""


@dataclass(frozen=True)
class ChainLevel:
    """A level of a chain as people read it."""

    name: str
    title: str
    timeout_seconds: float


@dataclass(frozen=True)
class Chain:
    """The levels that decide, in their order, and the policy that says so."""

    policy: Policy
    levels: Sequence[ChainLevel]


def chain_for(*, kind: str, amount: Decimal, currency: str) -> Chain:
    """The chain for this amount. In a currency without a rate to the policy's, the full chain decides."""
    policy = policy_of(kind)
    tiers = list(policy.tiers.select_related("level"))
    if currency == policy.currency:
        tiers = [tier for tier in tiers if tier.from_amount <= amount]
    return Chain(policy, [_level(tier) for tier in tiers])


def _level(tier: Tier) -> ChainLevel:
    return ChainLevel(tier.level.name, tier.level.title, float(tier.timeout_seconds))


def policy_of(kind: str) -> Policy:
    try:
        return Policy.objects.get(kind=kind)
    except Policy.DoesNotExist:
        raise UnknownKind(f"There is no policy for the kind {kind!r}.") from None


@dataclass(frozen=True)
class Resolved:
    """What a workflow is told about its chain, or why there is none."""

    policy: Policy | None
    chain: list[LevelSpec]
    errors: list[str]


def resolve(request: ApprovalRequest, amount: Decimal | None, *, single: bool) -> Resolved:
    """The chain that a workflow carries: by policy, or as a program asked where the policy lets it."""
    try:
        policy = policy_of(request.kind)
    except UnknownKind as unknown:
        return Resolved(None, [], [str(unknown)])
    errors = _unknown_levels(request.levels or [])
    if not single and not policy.overrides_allowed and (request.levels or request.level_timeout_seconds):
        errors.append(f"The policy {policy.title!r} does not let programs name levels or deadlines.")
    if errors:
        return Resolved(policy, [], errors)
    if single:
        level = (request.levels or [""])[0]
        return Resolved(policy, [LevelSpec(level, request.level_timeout_seconds or SINGLE_TIMEOUT)], [])
    chain = _specs(request, amount or Decimal(0))
    return Resolved(policy, chain, [] if chain else [f"The policy {policy.title!r} names no level for this amount."])


def _unknown_levels(names: Sequence[str]) -> list[str]:
    known = set(Level.objects.filter(name__in=names).values_list("name", flat=True))
    return [f"There is no level {name!r}." for name in names if name not in known]


def _specs(request: ApprovalRequest, amount: Decimal) -> list[LevelSpec]:
    found = chain_for(kind=request.kind, amount=amount, currency=request.currency)
    timeouts = {level.name: level.timeout_seconds for level in found.levels}
    names = request.levels or list(timeouts)
    return [LevelSpec(name, request.level_timeout_seconds or timeouts.get(name, DAY)) for name in names]
