"""The chain of a request: its steps, which carry what a request is found by, and how they end with it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _


class Step(models.Model):
    """One level in one request's chain, and what became of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Not yet")
        OPEN = "open", _("Waiting")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        TIMEOUT = "timeout", _("Timed out")
        SKIPPED = "skipped", _("Not needed any more")

    request = models.ForeignKey("approvals.Request", models.CASCADE, related_name="steps")
    index = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=50, blank=True, help_text="Empty: any level decides.")
    timeout_seconds = models.FloatField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    opened_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True, help_text="Empty once it is done, or as long as it is not open.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_by_name = models.CharField(max_length=200, blank=True)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="For whom they stood in."
    )
    on_behalf_of_name = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    known_by = models.CharField(max_length=20, blank=True)
    comment = models.TextField(blank=True)
    amount = models.DecimalField(max_digits=15, decimal_places=2, null=True, help_text="Its request's, to be found by.")
    closed_at = models.DateTimeField(null=True, help_text="Its request's: written wherever that is written.")

    class Meta:
        app_label = "approvals"
        constraints = [models.UniqueConstraint(fields=["request", "index"], name="one_step_per_index")]
        indexes = [
            models.Index(fields=["level", "request"], name="chain_by_level"),
            models.Index(fields=["level", "request"], name="open_chain", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["level", "request"], name="closed_chain", condition=Q(closed_at__isnull=False)),
            models.Index(fields=["request", "decided_by"], name="by_whom"),
            models.Index(
                fields=["decided_by", "state", "request"],
                name="decided_in_open",
                condition=Q(closed_at__isnull=True, decided_by__isnull=False),
            ),
            models.Index(
                fields=["on_behalf_of", "state", "request"],
                name="decided_for_in_open",
                condition=Q(closed_at__isnull=True, on_behalf_of__isnull=False),
            ),
            models.Index(
                fields=["decided_by", "-decided_at"], name="decided_by_time", condition=Q(decided_by__isnull=False)
            ),
            models.Index(
                fields=["decided_by", "amount", "request"],
                name="decided_by_amount",
                condition=Q(decided_by__isnull=False),
            ),
            models.Index(
                fields=["decided_by", "request"], name="decided_by_age", condition=Q(decided_by__isnull=False)
            ),
            models.Index(fields=["remind_at"], name="to_remind", condition=Q(remind_at__isnull=False)),
        ]
        ordering = ["index"]

    def __str__(self) -> str:
        return f"{self.request_id}/{self.index} {self.level}"

    def save(self, *args: Any, **more: Any) -> None:
        """A new step carries what its request is found by; whoever writes that keeps it true."""
        if self._state.adding:
            self.amount, self.closed_at = self.request.amount, self.request.closed_at
        super().save(*args, **more)


def close_steps(request: Any) -> None:
    """What nobody has decided is not needed any more; and every step says when its request was closed."""
    undecided = When(state__in=[Step.State.PENDING, Step.State.OPEN], then=Value(Step.State.SKIPPED))
    request.steps.update(state=Case(undecided, default=F("state")), closed_at=request.closed_at)
