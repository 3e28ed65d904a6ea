"""The rows of what people order of batches on the site."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ordering.rows import ClickedOrder, settled_means_settled_at, unsettled_first


class Order(ClickedOrder):
    """One click on a control of a batch; the workflow's own word settles it."""

    class Action(models.TextChoices):
        PAUSE = "pause", _("pause it")
        RESUME = "resume", _("resume it")
        CANCEL = "cancel", _("cancel it")
        LIMITS = "limits", _("change its limits")
        RETRY = "retry", _("run failed items again")
        REDO = "redo", _("have degraded items served again")

    class Code(models.TextChoices):
        """Why it was not applied, for programs. The workflow said the first; the others were found out beside it."""

        OVERTAKEN = "overtaken", _("somebody else was first")
        OVER = "over", _("the batch was ending, or had ended")
        PAUSED = "paused", _("it was paused already")
        NOT_PAUSED = "not_paused", _("it was not paused")
        NONE_FAILED = "none_failed", _("no item had failed")
        NONE_DEGRADED = "none_degraded", _("no item was degraded")
        TOO_MANY = "too_many", _("enough items wait to be run again")
        REDUCING = "reducing", _("partial results were being put together")
        LATE = "late", _("it could not be sent in time")
        LOST = "lost", _("the batch does not know of it")
        REUSED = "reused", _("its id was used for something else")

    counter = "batch_orders"

    batch = models.ForeignKey("batches.Batch", models.CASCADE, related_name="orders")
    action = models.CharField(max_length=20, choices=Action)
    known = models.CharField(
        max_length=20, default="signed_in", help_text='"signed_in" or "program": how the person is known.'
    )
    wanted = models.JSONField(default=dict, help_text="The limits, or the failed items, that are ordered.")
    code = models.CharField(max_length=20, choices=Code, blank=True)
    overtaken_by = models.ForeignKey(
        "batches.Event", models.SET_NULL, null=True, related_name="+", help_text="What somebody else was first with."
    )

    class Meta(ClickedOrder.Meta):
        app_label = "batches"
        constraints = [settled_means_settled_at("a_batch_order_settled_means_settled_at")]
        indexes = [
            unsettled_first("batch_orders_unsettled"),
            models.Index(fields=["batch", "-made_at"], name="orders_of_a_batch"),
        ]
        verbose_name = _("order of a batch")
        verbose_name_plural = _("orders of batches")

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.batch_id} ({self.state})"
