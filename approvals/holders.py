"""Who holds a level: from when, until when, for which kinds. Whoever asks for holders asks here."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import StrIndex
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

Holder = TypeVar("Holder", bound=models.Model)


def day_of(at: datetime) -> date:
    """The day that a validity date means: the site's, not that of whoever looks."""
    return timezone.localtime(at, timezone.get_default_timezone()).date()


def packed(kinds: Iterable[str]) -> str:
    """Kinds as the column keeps them: each between spaces, so that one is found without taking a part for it."""
    found = sorted({kind.strip() for kind in kinds if kind.strip()})
    return f" {' '.join(found)} " if found else ""


class HolderQuerySet(models.QuerySet[Holder]):
    """The one place that knows who may decide."""

    def current(self, *, at: datetime | None = None, kind: str | None = None) -> "HolderQuerySet[Holder]":
        """Those who may decide at this moment (now, if none is given), for this kind (any, if none is given).

        For a click made on the site the moment is that of the click; for a program's claim, that of its handling.
        """
        day = day_of(at or timezone.now())
        rows = self.filter(
            Q(valid_from=None) | Q(valid_from__lte=day), Q(valid_until=None) | Q(valid_until__gte=day),
            user__is_active=True,
        )  # fmt: skip
        return rows if kind is None else rows.for_kind(kind)

    def for_kind(self, kind: str) -> "HolderQuerySet[Holder]":
        # Not LIKE: on SQLite that takes small letters for capitals.
        place = StrIndex(F("kinds"), Value(f" {kind} "))
        unlimited = Q(kinds="")
        return self.filter(unlimited) if " " in kind else self.alias(place=place).filter(unlimited | Q(place__gt=0))


class LevelHolder(models.Model):
    """This person may decide at this level."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="levels_held", verbose_name=_("user")
    )
    level = models.ForeignKey("approvals.Level", models.PROTECT, related_name="holders", verbose_name=_("level"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True, help_text=_("The first day. Empty: at once."))
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day. Empty: until it is taken away.")
    )
    kinds = models.TextField(_("only for these kinds"), blank=True, default="", help_text=_("Empty: for every kind."))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = HolderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "level"], name="holds_a_level_once"),
            models.CheckConstraint(
                name="holds_from_before_until",
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]
        ordering = ["level__rank", "user__username"]
        verbose_name = _("level holder")
        verbose_name_plural = _("level holders")

    def __str__(self) -> str:
        return f"{self.user.get_username()}: {self.level}"

    @property
    def only_kinds(self) -> tuple[str, ...]:
        """The kinds that it is limited to; empty for every kind."""
        return tuple(self.kinds.split())
