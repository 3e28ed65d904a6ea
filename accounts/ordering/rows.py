"""The row of an order: committed before its signal goes out, so that a click is provable."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    MADE = "made", _("made, not sent yet")
    SENT = "sent", _("sent, being recorded")
    UNKNOWN = "unknown", _("sent, the answer is unknown")
    NOT_SENT = "not_sent", _("not sent")
    APPLIED = "applied", _("recorded")
    REFUSED = "refused", _("not applied")


class ClickedOrder(models.Model):
    """One click on a control; the word of what it is about settles it. Each kind has its ``action`` and ``code``.

    ``counter``: under which name orders of this kind are counted, by action and outcome.
    """

    State = State
    counter: ClassVar[str]
    action: "models.CharField[str, str]"
    code: "models.CharField[str, str]"

    order_id = models.CharField(max_length=64, unique=True)
    reason = models.TextField()
    shown = models.PositiveBigIntegerField(null=True, help_text="The number of interventions that the person had seen.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.MADE)
    why_not = models.TextField(blank=True, help_text="Why it was not applied, for people.")
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["pk"]


def settled_means_settled_at(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(state__in=["applied", "refused"], settled_at__isnull=False)
        | (~Q(state__in=["applied", "refused"]) & Q(settled_at__isnull=True)),
    )


def unsettled_first(name: str) -> models.Index:
    """What the chore asks every second: next to nothing."""
    return models.Index(fields=["made_at"], name=name, condition=Q(settled_at__isnull=True))
