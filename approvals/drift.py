"""What the reconciler remembers: its runs of the last day, and since when Temporal does not know an open request."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reconciliation(models.Model):
    """One comparison of the index with Temporal, and what came of it."""

    at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    compared = models.PositiveIntegerField(default=0, help_text=_("Open requests, and workflows that run."))
    differing = models.PositiveIntegerField(default=0, help_text=_("What still differed when it had ended."))
    repaired = models.PositiveIntegerField(default=0)
    repaired_ever = models.PositiveBigIntegerField(default=0)
    asked_to = models.BigIntegerField(default=0, help_text=_("Up to this row it has asked workflows, turn by turn."))
    said = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.compared} / {self.repaired} / {self.differing}"


class Missing(models.Model):
    """An open request whose workflow Temporal does not know: closed once that has lasted."""

    request = models.OneToOneField("approvals.Request", models.CASCADE, related_name="missing")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("missing workflow")
        verbose_name_plural = _("missing workflows")

    def __str__(self) -> str:
        return f"{self.request_id} since {self.since:%Y-%m-%d %H:%M:%S}"


def last() -> Reconciliation | None:
    """The latest run that has ended."""
    return Reconciliation.objects.order_by("-id").first()
