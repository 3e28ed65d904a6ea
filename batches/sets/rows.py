"""The rows of data sets: what was ordered here, and what each workflow wrote down of itself, step by step."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class DataSet(models.Model):
    """One data set. Its data lie elsewhere, and are gone when it has ended."""

    class State(models.TextChoices):
        ORDERED = "ordered", _("ordered")
        LOADING = "loading", _("loading and storing")
        VERIFYING = "verifying", _("verifying")
        PROCESSING = "processing", _("processing")
        CLEANING = "cleaning", _("cleaning up")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        INVALID = "invalid", _("not valid")
        TERMINATED = "terminated", _("ended in Temporal")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    workflow_id = models.CharField(max_length=1000)
    first_run_id = models.CharField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    loader = models.CharField(max_length=200, blank=True)
    processor = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=200, blank=True, help_text="Of the storage that its data lie in.")
    requester = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="Who ordered it on the site."
    )
    payload = models.JSONField(null=True, help_text="What its workflow is started with, if it was ordered on the site.")
    state = models.CharField(max_length=20, choices=State, default=State.ORDERED)
    told = models.JSONField(default=dict, help_text="What get_progress answered when this was written.")
    size = models.PositiveBigIntegerField(null=True)
    result = models.JSONField(null=True, help_text="What the workflow returned.")
    written = models.PositiveIntegerField(default=0, help_text="How often it was written: later is newer.")
    cancelled_by = models.CharField(max_length=200, blank=True)
    cancel_reason = models.TextField(blank=True)
    cancel_at = models.DateTimeField(null=True)
    cancel_sent = models.BooleanField(default=False, help_text="Its workflow is known to have been asked to end.")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True, help_text="Since when Temporal does not know its workflow.")

    class Meta:
        app_label = "batches"
        constraints = [
            models.UniqueConstraint(fields=["workflow_id", "first_run_id"], name="one_row_per_data_set"),
        ]
        indexes = [models.Index(fields=["id"], name="data_sets_open", condition=models.Q(closed_at=None))]
        verbose_name = _("data set")
        verbose_name_plural = _("data sets")

    def __str__(self) -> str:
        return self.title or str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("batches:data-set", args=[self.uuid])

    @property
    def reference(self) -> str:
        return f"D-{self.pk}"

    @property
    def stream(self) -> str:
        """The ledger's stream of this data set."""
        return f"dataset:{self.uuid}"

    @property
    def known(self) -> str:
        """How it is known who ordered it: one of ``Entry.Known``."""
        return "signed_in" if self.payload is not None else "program"

    @property
    def steps(self) -> list[dict[str, Any]]:
        """As its workflow told them: "step", "at", "until"."""
        return list((self.told or {}).get("steps") or ())
