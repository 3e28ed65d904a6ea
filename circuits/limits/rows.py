"""The rows of what ops ordered of queues: each click, and the line in which the clicks on one queue stand."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ordering.rows import ClickedOrder, settled_means_settled_at, unsettled_first


class LimitedQueue(models.Model):
    """A task queue of which something was ordered; locked while an order takes its place in the line."""

    name = models.CharField(max_length=200, unique=True)
    orders = models.PositiveBigIntegerField(default=0, help_text="The number of the last order that counts.")

    def __str__(self) -> str:
        return self.name

    @property
    def stream(self) -> str:
        return stream_of(self.name)


def stream_of(queue: str) -> str:
    """The ledger's stream of this queue."""
    return f"limit:{queue}"[:200]


class LimitOrder(ClickedOrder):
    """One click on the limit of a queue. Its place in the line makes it count; the server's answer settles it."""

    class Action(models.TextChoices):
        SET = "set", _("set the limit")
        RESET = "reset", _("reset the limit")

    class Code(models.TextChoices):
        """Why it was not applied, for programs."""

        OVERTAKEN = "overtaken", _("somebody else was first")
        SUPERSEDED = "superseded", _("another was ordered before it could be sent")
        LATE = "late", _("it could not be sent in time")
        NOT_TAKEN = "not_taken", _("the server does not do it")

    counter = "limit_orders"

    queue = models.CharField(max_length=200)
    action = models.CharField(max_length=20, choices=Action)
    per_second = models.FloatField(null=True, help_text="Activities a second of all workers; 0 stops the queue.")
    number = models.PositiveBigIntegerField(null=True, help_text="Its place in the line; empty: it never had one.")
    code = models.CharField(max_length=20, choices=Code, blank=True)
    overtaken_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")

    class Meta(ClickedOrder.Meta):
        app_label = "circuits"
        constraints = [
            settled_means_settled_at("a_limit_order_settled_means_settled_at"),
            models.UniqueConstraint(fields=["queue", "number"], name="one_limit_order_per_place"),
        ]
        indexes = [
            unsettled_first("limit_orders_unsettled"),
            models.Index(fields=["queue", "-made_at"], name="limit_orders_of_a_queue"),
        ]
        verbose_name = _("order of a limit")
        verbose_name_plural = _("orders of limits")

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.queue} {self.per_second} ({self.state})"

    @property
    def limit(self) -> float | None:
        """What it asks of the server; None: none."""
        return self.per_second if self.action == self.Action.SET else None
