"""The row of a release: one question whether a batch may begin, the request that asks it, and what came of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Release(models.Model):
    """Made with its request in one transaction. What is approved is exactly what ``digest`` is of."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        GIVEN = "given", _("approved")
        CHANGED = "changed", _("changed since it was approved")
        REFUSED = "refused", _("not approved")

    batch = models.ForeignKey("batches.Batch", models.CASCADE, related_name="releases")
    request = models.OneToOneField("approvals.Request", models.CASCADE, related_name="release")
    digest = models.CharField(max_length=64, help_text="Of the order with the checksum of its data.")
    marks = models.JSONField(help_text="A digest of each part of the order, to say what was changed.")
    items = models.PositiveBigIntegerField()
    exactly = models.BooleanField(help_text="Else there are so many at most: only the beginning of the file was read.")
    item_cost = models.DecimalField(max_digits=18, decimal_places=6)
    cost = models.DecimalField(max_digits=15, decimal_places=2)
    currency = models.CharField(max_length=3)
    reasons = models.JSONField(help_text="Why it had to be asked, in sentences.")
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    changes = models.JSONField(default=list, help_text="What was not any more as it was approved, in sentences.")
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch"], condition=models.Q(settled_at=None), name="one_open_question_per_batch"
            ),
        ]
        indexes = [models.Index(fields=["id"], name="releases_open", condition=models.Q(settled_at=None))]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.state}"
