"""Who stands in for whom: at which level, from which day to which. Whoever asks for stand-ins asks here."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals.holders import LevelHolder, day_of


class DelegationQuerySet(models.QuerySet["Delegation"]):
    """The one place that knows which delegations count."""

    def current(self, *, at: datetime | None = None, kind: str | None = None) -> "DelegationQuerySet":
        """Those that count at this moment (now, if none is given), for this kind (any, if none is given).

        A delegation lends what its delegator holds, and no more: it does not count once they do not hold the level,
        for a kind that their level does not count for, or while one of the two is not active. What they only stand in
        for is not theirs to lend, so none is handed on.
        """
        day = day_of(at or timezone.now())
        own = LevelHolder.objects.current(at=at, kind=kind)
        held = own.filter(user_id=OuterRef("delegator_id"), level_id=OuterRef("level_id"))
        return self.standing(day).filter(Exists(held), from_day__lte=day, delegate__is_active=True)

    def standing(self, day: object) -> "DelegationQuerySet":
        """Neither over on this day nor ended: they count, or will."""
        return self.filter(ended_at=None, until_day__gte=day)


class Delegation(models.Model):
    """While somebody is away, somebody else decides at one of their levels. It is ended, never changed or deleted."""

    form_id = models.UUIDField(default=uuid.uuid4, help_text=_("Of its form: sent twice it is one delegation."))
    level = models.ForeignKey("approvals.Level", models.CASCADE, related_name="+", verbose_name=_("level"))
    delegator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who is away")
    )
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who stands in")
    )
    from_day = models.DateField(_("first day"))
    until_day = models.DateField(_("last day"))
    made_at = models.DateTimeField(_("set at"), default=timezone.now, editable=False)
    made_by_name = models.CharField(_("set by"), max_length=200, editable=False)
    begun_at = models.DateTimeField(null=True, editable=False, help_text="When the delegate was told that it counts.")
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    ended_by_name = models.CharField(_("ended by"), max_length=200, blank=True, editable=False)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        app_label = "approvals"
        constraints = [
            models.UniqueConstraint(fields=["form_id", "level"], name="a_delegation_once_per_form_and_level"),
            models.CheckConstraint(
                name="delegated_from_before_until",
                condition=Q(until_day__gte=F("from_day")),
            ),
            models.CheckConstraint(name="nobody_stands_in_for_themself", condition=~Q(delegate=F("delegator"))),
        ]
        indexes = [
            models.Index(fields=["until_day"], name="delegations_standing", condition=Q(ended_at__isnull=True)),
            models.Index(
                fields=["from_day"],
                name="delegations_to_begin",
                condition=Q(begun_at__isnull=True, ended_at__isnull=True),
            ),
        ]
        ordering = ["from_day", "id"]
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")

    def __str__(self) -> str:
        return f"{self.delegate.get_username()} for {self.delegator.get_username()}: {self.level}"

    @property
    def state(self) -> str:
        """ "ended", "over", "later" or "now", by its days; whether its delegator holds the level is another matter."""
        today = day_of(timezone.now())
        if self.ended_at:
            return "ended"
        if self.until_day < today:
            return "over"
        return "later" if self.from_day > today else "now"
