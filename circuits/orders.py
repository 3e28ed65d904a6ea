"""What people order of circuits on the site."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ordering.rows import ClickedOrder, settled_means_settled_at, unsettled_first


class Order(ClickedOrder):
    """One click on a control of a circuit; the entity's own word settles it."""

    class Action(models.TextChoices):
        FORCE_OPEN = "forced_open", _("force it open")
        DISABLE = "disabled", _("switch it off")
        OBSERVE = "metrics_only", _("observe only")
        CLOSE = "closed", _("close it")
        RESET = "reset", _("reset it")
        CONFIGURE = "configure", _("change its thresholds")

    class Code(models.TextChoices):
        """Why it was not applied, for programs. The entity said the first; the others were found out beside it."""

        OVERTAKEN = "overtaken", _("somebody else was first")
        LATE = "late", _("it could not be sent in time")
        LOST = "lost", _("the circuit does not know of it")
        REUSED = "reused", _("its id was used for something else")

    counter = "circuit_orders"

    service = models.CharField(max_length=200)
    action = models.CharField(max_length=20, choices=Action)
    seconds = models.FloatField(null=True, help_text="How long it lasts; empty: it is done once, or lasts.")
    config = models.JSONField(null=True, help_text="The thresholds that are ordered.")
    code = models.CharField(max_length=20, choices=Code, blank=True)
    overtaken_by = models.ForeignKey(
        "circuits.Change", models.SET_NULL, null=True, related_name="+", help_text="What somebody else was first with."
    )

    class Meta(ClickedOrder.Meta):
        app_label = "circuits"
        constraints = [settled_means_settled_at("an_order_settled_means_settled_at")]
        indexes = [
            unsettled_first("orders_unsettled"),
            models.Index(fields=["service", "-made_at"], name="orders_of_a_service"),
        ]
        verbose_name = _("order")
        verbose_name_plural = _("orders")

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.service} ({self.state})"
