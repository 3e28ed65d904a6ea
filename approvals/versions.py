"""What each version of a policy said: a row for each, never changed."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class PolicyVersion(models.Model):
    """A policy as it was from one change to the next. Requests say which version they were begun with."""

    policy = models.ForeignKey("approvals.Policy", models.CASCADE, related_name="versions", verbose_name=_("policy"))
    version = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("from"))
    by = models.CharField(_("by"), max_length=200, blank=True)
    snapshot = models.JSONField(_("what it said"), default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "version"], name="one_row_per_policy_version")]
        ordering = ["-version"]
        verbose_name = _("version of a policy")
        verbose_name_plural = _("versions of policies")

    def __str__(self) -> str:
        return f"{self.policy} {self.version}"


def snapshot_of(policy: Any) -> dict[str, Any]:
    """All that decides which chain a request gets, as the database has it now."""
    tiers = policy.tiers.select_related("level").order_by("position", "from_amount")
    rules = ("title", "kind", "currency", "self_approval", "distinct_approvers", "overrides_allowed")
    return {
        **{name: getattr(policy, name) for name in rules},
        "tiers": [
            {
                "position": tier.position,
                "level": tier.level.name,
                "from_amount": str(tier.from_amount),
                "timeout_seconds": tier.timeout_seconds,
            }
            for tier in tiers
        ],
    }
