"""Which batches somebody has to approve first: by their job, by how many items they have, by what these cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from approvals import policies
from batches.figures import digits
from batches.release.sizing import Sized, size_of
from worker import registry
from worker.batch_contract import BatchSpec, read_spec
from worker.contracts import MAX_AMOUNT
from worker.datasets.references import BadSource

KIND = "batch"
"""The policy that says who approves."""
CENT = Decimal("0.01")
MOST = Decimal(int(MAX_AMOUNT)) - CENT
"""What costs more than any amount may be has this amount: it needs the whole chain in any case."""


@dataclass(frozen=True)
class Estimate:
    """What a batch would come to. No ``reasons``: it may begin."""

    sized: Sized
    each: Decimal
    currency: str
    reasons: tuple[str, ...] = ()

    @property
    def cost(self) -> Decimal:
        return _at_most(self.sized.items * self.each)


def needed(spec: BatchSpec) -> Estimate | None:
    """None: nobody has to approve it. The data is looked at only where that may make a difference.

    Raises ValidationError by key of the contract, for data that cannot be used or where nobody is to be asked.
    """
    jobs = jobs_of(spec)
    limited = settings.BATCH_APPROVAL_ITEMS or (settings.BATCH_APPROVAL_COST and cost_of(jobs))
    if not limited and not any(map(is_marked, jobs)):
        return None
    found = estimate(spec)
    return found if found.reasons else None


def estimate(spec: BatchSpec) -> Estimate:
    """Whether it has to be approved or not. Raises as :func:`needed` does."""
    try:
        sized = size_of(spec.source)
    except BadSource as error:
        raise ValidationError({"source": [str(error)]}) from None
    found = Estimate(sized, cost_of(jobs_of(spec)), "")
    reasons = why(jobs_of(spec), sized.items, found.cost)
    return replace(found, currency=_currency(found.cost), reasons=reasons) if reasons else found


def jobs_of(spec: BatchSpec) -> tuple[str, ...]:
    """Its job, and those that serve where that does not: an item may come to any of them."""
    return tuple(dict.fromkeys((spec.job, *(rung.job for rung in spec.fallbacks))))


def why(jobs: Sequence[str], items: int, cost: Decimal) -> tuple[str, ...]:
    """In sentences; none: it may begin."""
    said = _("The job %(job)s is never begun without an approval.")
    found = [said % {"job": job} for job in jobs if is_marked(job)]
    if settings.BATCH_APPROVAL_ITEMS and items > settings.BATCH_APPROVAL_ITEMS:
        said = _("It has more than %(number)s items.")
        found.append(said % {"number": digits(settings.BATCH_APPROVAL_ITEMS)})
    if settings.BATCH_APPROVAL_COST and cost > settings.BATCH_APPROVAL_COST:
        said = _("Its items cost more than %(cost)s together.")
        found.append(said % {"cost": digits(settings.BATCH_APPROVAL_COST)})
    return tuple(found)


def cost_together(jobs: Sequence[str], items: int) -> Decimal:
    return _at_most(items * cost_of(jobs))


def _at_most(cost: Decimal) -> Decimal:
    return min(cost.quantize(CENT, ROUND_HALF_UP), MOST)


def is_marked(job: str) -> bool:
    known = registry.jobs.find(job)
    return job in settings.BATCH_APPROVAL_JOBS or bool(known and known.needs_approval)


def cost_of(jobs: Sequence[str]) -> Decimal:
    """Of one item, by the dearest of them."""
    return max((_cost_of(job) for job in jobs), default=Decimal(0))


def _cost_of(job: str) -> Decimal:
    """As a setting says for this job, as the job says itself, as a setting says for all others."""
    costs, known = settings.BATCH_ITEM_COSTS, registry.jobs.find(job)
    by_itself = Decimal(str(known.item_cost)) if known and known.item_cost else None
    return Decimal(costs.get(job, by_itself if by_itself is not None else costs.get("", 0)))


def _currency(cost: Decimal) -> str:
    """That of the policy, which has to name somebody."""
    try:
        currency = policies.policy_of(KIND).currency
    except policies.UnknownKind:
        said = _("It has to be approved, and there is no policy “%(kind)s” that says by whom.")
    else:
        if policies.chain_for(kind=KIND, amount=cost, currency=currency).levels:
            return currency
        said = _("It has to be approved, and the policy “%(kind)s” names nobody for this amount.")
    said = f"{said % {'kind': KIND}} {_('An admin can set that in the admin site, under Policies.')}"
    raise ValidationError({"__all__": [said]})


@dataclass(frozen=True)
class Foreseen:
    """What starting it would come to, as far as was looked: who would decide, and why."""

    reasons: tuple[str, ...]
    cost: Decimal
    currency: str
    levels: tuple[str, ...]


def foreseen(order: Mapping[str, Any], items: int) -> Foreseen | None:
    """None: it would begin at once, or cannot be read yet. No data is read for it, so the number may be a guess."""
    spec = read_spec({**order, "title": order.get("title") or "?"}).spec
    if spec is None:
        return None
    cost = cost_together(jobs_of(spec), items)
    reasons = why(jobs_of(spec), items, cost)
    if not reasons:
        return None
    try:
        chain = policies.chain_for(kind=KIND, amount=cost, currency=policies.policy_of(KIND).currency)
    except policies.UnknownKind:
        return Foreseen(reasons, cost, "", ())
    return Foreseen(reasons, cost, chain.policy.currency, tuple(level.title for level in chain.levels))
