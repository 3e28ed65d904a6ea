"""The rows of the ledger: entries, the head of each stream, and the seals over them. Only heads ever change."""

import json
from functools import cached_property
from typing import Any, NoReturn, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class AppendOnly(TypeError):
    """The ledger is only ever added to."""


Row = TypeVar("Row", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Reads and adds. The database's own triggers refuse the same to everybody else."""

    def update(self, **_values: Any) -> NoReturn:
        raise AppendOnly("Rows of the ledger are never changed.")

    def bulk_update(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnly("Rows of the ledger are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Rows of the ledger are never deleted.")


class AppendOnlyModel(models.Model):
    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *_args: Any, **_kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Rows of the ledger are never changed.")
        super().save(force_insert=True)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnly("Rows of the ledger are never deleted.")


class Entry(AppendOnlyModel):
    """Something that happened. ``body`` is the record; the other columns are there to find it, and must agree with it.

    No foreign keys: the ledger outlives what it speaks of, and never interferes with it.
    """

    class Known(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        PROGRAM = "program", _("claimed by a program")
        SYSTEM = "system", _("Leitstand itself")

    stream = models.CharField(_("stream"), max_length=200)
    seq = models.PositiveBigIntegerField(_("number"), help_text=_("1 for the first of its stream."))
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=80)
    actor = models.CharField(_("actor"), max_length=200, blank=True)
    known = models.CharField(_("how the actor is known"), max_length=20, choices=Known)
    workflow_id = models.CharField(_("workflow"), max_length=1000, blank=True)
    run_id = models.CharField(_("run"), max_length=64, blank=True)
    body = models.TextField(_("text"), help_text=_("The canonical text, over which the hash goes."))
    prev_hash = models.CharField(_("hash of the one before"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="one_entry_per_number")]
        indexes = [
            models.Index(fields=["kind", "id"], name="entries_by_kind"),
            models.Index(fields=["actor", "id"], name="entries_by_actor"),
            models.Index(fields=["known", "id"], name="entries_by_known"),
        ]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")

    def __str__(self) -> str:
        return f"{self.stream} {self.seq} {self.kind}"

    @cached_property
    def data(self) -> dict[str, Any]:
        """What was recorded; empty if somebody has altered the text so that it cannot be read."""
        try:
            data = json.loads(self.body)["data"]
        except (ValueError, TypeError, KeyError):
            return {}
        return data if isinstance(data, dict) else {}


class Head(models.Model):
    """The last entry of a stream: who holds this row's lock writes the next one."""

    stream = models.CharField(max_length=200, primary_key=True)
    seq = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    sealed_seq = models.PositiveBigIntegerField(default=0, help_text="What the seals cover.")
    unsealed_since = models.DateTimeField(null=True, help_text="When the first entry that no seal covers was written.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="unsealed_means_unsealed_since",
                condition=Q(sealed_seq=F("seq"), unsealed_since__isnull=True)
                | Q(sealed_seq__lt=F("seq"), unsealed_since__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["unsealed_since"], name="unsealed", condition=Q(unsealed_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.seq}"


class Seal(AppendOnlyModel):
    """Commits to the heads of all streams: lists those touched since the last one; its root builds on the last."""

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("at"))
    entries = models.PositiveBigIntegerField(_("entries"), help_text=_("All entries that the seals so far cover."))
    root = models.CharField(_("root"), max_length=64)
    prev_hash = models.CharField(_("hash of the one before"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)
    body = models.TextField(_("text"), help_text=_("The canonical text, over which the hash goes."))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class Check(models.Model):
    """When the whole ledger was last verified, and what was found: one row, which each check writes over."""

    started_at = models.DateTimeField(null=True, help_text="When the last check began, finished or not.")
    at = models.DateTimeField(null=True, help_text="When the last finished check began: what was written then is told.")
    seconds = models.FloatField(default=0.0)
    entries = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=100, blank=True)
    broken = models.TextField(blank=True, help_text="The first broken entry, in words; empty if there is none.")

    def __str__(self) -> str:
        return f"{self.at}: {self.broken or self.head}"
