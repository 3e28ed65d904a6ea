"""The rows of batches: the index of workflows, their failed items in groups, their pace over time, what was ordered."""

import uuid
from urllib.parse import unquote

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """``awaiting``, ``changed``: it has not begun, see ``release``; ``stopping``: nothing more is begun, and what runs
    ends; ``started``: its workflow has ended, and its children go on.
    """

    AWAITING = "awaiting", _("awaiting approval")
    CHANGED = "changed", _("changed since it was approved")
    PREPARING = "preparing", _("preparing")
    RUNNING = "running", _("running")
    STARTED = "started", _("children go on")
    PAUSING = "pausing", _("pausing")
    PAUSED = "paused", _("paused")
    STOPPING = "stopping", _("stopping")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    INVALID = "invalid", _("not valid")
    TERMINATED = "terminated", _("ended in Temporal")
    DECLINED = "declined", _("not approved")


ENDED = (State.COMPLETED, State.FAILED, State.CANCELLED, State.INVALID, State.TERMINATED, State.DECLINED)
HELD_BACK = (State.AWAITING, State.CHANGED)
"""It has its row and no workflow: somebody has to approve it first."""


class Kind(models.TextChoices):
    """``mapreduce``: its ``job`` is a map, and its partial results are reduced to one."""

    BATCH = "batch", _("batch")
    MAPREDUCE = "mapreduce", _("MapReduce")


class Upload(models.Model):
    """A file that somebody sent or typed, to start batches over it, in a folder of its own below ``uploads``."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=120, help_text="As it is called on the disk, too.")
    uri = models.CharField(max_length=2000)
    format = models.CharField(max_length=10)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """The index row of one batch: what is known of it when its workflow does not answer, or is forgotten."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    workflow_id = models.CharField(max_length=1000)
    first_run_id = models.CharField(max_length=64)
    run_id = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.BATCH)
    title = models.CharField(max_length=200, blank=True)
    job = models.CharField(max_length=200, blank=True)
    requester = models.CharField(max_length=200, blank=True)
    spec = models.JSONField(default=dict, help_text="As it was ordered; of inline items only their number.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="Who ordered it on the site."
    )
    known = models.CharField(
        max_length=20, default="signed_in", help_text='"signed_in" or "program": how who ordered it here is known.'
    )
    payload = models.JSONField(null=True, help_text="What its workflow is started with, if it was ordered on the site.")
    upload = models.ForeignKey(Upload, models.SET_NULL, null=True, related_name="batches")
    follows = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="followers", help_text="What was started again by this one."
    )
    data = models.JSONField(null=True, help_text="The items once they were counted, as DataSet.")
    state = models.CharField(max_length=20, choices=State.choices, default=State.PREPARING)
    total = models.PositiveBigIntegerField(default=0)
    succeeded = models.PositiveBigIntegerField(default=0)
    degraded = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    held = models.PositiveBigIntegerField(default=0)
    running = models.PositiveBigIntegerField(default=0)
    pending = models.PositiveBigIntegerField(default=0)
    told = models.JSONField(default=dict, help_text="What get_progress answered when this was written.")
    result = models.JSONField(null=True, help_text="What the workflow returned.")
    alone = models.JSONField(default=dict, help_text="Children that go on though it has ended: by round, as Alone.")
    written = models.PositiveBigIntegerField(default=0, help_text="How often it was written: later is newer.")
    events_ever = models.PositiveBigIntegerField(default=0, help_text="The last event written down here.")
    point_seconds = models.PositiveIntegerField(default=5, help_text="Seconds between two points of its line.")
    created_at = models.DateTimeField(auto_now_add=True)
    begun_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True, help_text="When an item came to an end, or it went on after a pause.")
    missing_since = models.DateTimeField(null=True, help_text="Since when Temporal does not know its workflow.")
    cleared_at = models.DateTimeField(null=True, help_text="When its folder, results included, was deleted.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow_id", "first_run_id"], name="one_row_per_batch"),
            models.CheckConstraint(
                name="the_six_add_up",
                condition=models.Q(
                    total=models.F("succeeded")
                    + models.F("degraded")
                    + models.F("failed")
                    + models.F("held")
                    + models.F("running")
                    + models.F("pending")
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="batches_by_time"),
            models.Index(fields=["id"], name="batches_open", condition=models.Q(closed_at=None)),
            models.Index(fields=["closed_at"], name="batches_by_close"),
            models.Index(
                fields=["created_at"], name="batches_to_start", condition=models.Q(first_run_id="", closed_at=None)
            ),
        ]
        verbose_name = _("batch")
        verbose_name_plural = _("batches")

    def __str__(self) -> str:
        return self.title or str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("batches:batch", args=[self.uuid])

    @property
    def reference(self) -> str:
        """What people call it by: short enough to be said on the telephone."""
        return f"B-{self.pk}"

    @property
    def never_begun(self) -> bool:
        """Somebody has to approve it first, or did not: no item of it was ever begun."""
        return self.state in (*HELD_BACK, State.DECLINED)

    @property
    def source_name(self) -> str:
        """That of the file over which it runs, where there is one."""
        if self.upload:
            return self.upload.name
        uri = str((self.spec.get("source") or {}).get("uri") or "")
        return unquote(uri.rpartition("/")[2])

    @property
    def stream(self) -> str:
        """The ledger's stream of this batch."""
        return f"batch:{self.uuid}"


class FailureGroup(models.Model):
    """Failures that say the same but for numbers, ids and quoted names. ``number``: so many items are in it now."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="groups")
    fingerprint = models.CharField(max_length=16)
    words = models.CharField(max_length=300, help_text="What they all say.")
    number = models.BigIntegerField(default=0)
    final = models.BigIntegerField(default=0, help_text="So many of them failed so that no other try will help.")
    first_at = models.DateTimeField(null=True, help_text="When the first of those that are in it now came.")
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "fingerprint"], name="a_group_once_per_batch")]
        indexes = [models.Index(fields=["batch", "-number"], name="groups_by_size")]

    def __str__(self) -> str:
        return f"{self.number} × {self.words}"


class ItemGroup(models.Model):
    """A group of a batch that was grouped by a column, as the batch ended: a thousand at most. ``place`` from 0."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="item_groups")
    place = models.PositiveIntegerField(help_text="In the order in which they first came; as its chunk.")
    name = models.CharField(max_length=100, blank=True)
    items = models.PositiveBigIntegerField()
    served = models.PositiveBigIntegerField(help_text="Degraded ones too.")
    degraded = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "place"], name="an_item_group_once_per_batch")]

    def __str__(self) -> str:
        return self.name


class Failure(models.Model):
    """An item that failed for good; gone when a later run of it goes well. ``number`` counts from 0."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="failures")
    number = models.PositiveBigIntegerField()
    key = models.CharField(max_length=200)
    error = models.TextField()
    fingerprint = models.CharField(max_length=16)
    attempts = models.PositiveIntegerField()
    final = models.BooleanField(default=False, help_text="No other try will help: so its job said, or it is no item.")
    round = models.PositiveBigIntegerField(help_text="The run of its chunk that it failed in.")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="a_failure_once_per_item")]
        indexes = [
            models.Index(fields=["batch", "fingerprint", "number"], name="failures_by_group"),
            models.Index(fields=["batch", "key"], name="failures_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.key}: {self.error:.80}"


class Event(models.Model):
    """Something that happened to a batch or was ordered of it. Numbered by the workflow."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="events")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    cause = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=200, blank=True)
    known = models.CharField(max_length=20, blank=True, help_text='"signed_in" or "program", where there is an actor.')
    order = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=20, blank=True, help_text="What was ordered.")
    what = models.TextField(blank=True, help_text="What an order changed, or why it changed nothing.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="an_event_once_per_batch")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number} {self.kind}"


class Point(models.Model):
    """How far a batch was at a time: for its line. As a batch grows old its points grow apart."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="points")
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="When in its seconds it was so: rates are made of this.")
    succeeded = models.PositiveBigIntegerField()
    degraded = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    running = models.PositiveBigIntegerField()
    limit = models.FloatField(null=True, help_text="Items a second that its pace allows.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "at"], name="a_point_once_per_time")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.at:%H:%M:%S}"


class Budget(models.Model):
    """What batches have been lent of a service's budget: one row for each service, locked by who asks."""

    service = models.CharField(max_length=200, unique=True)
    state = models.JSONField(null=True, help_text="As BudgetState, versioned.")

    def __str__(self) -> str:
        return self.service


from batches.clock.rows import Intervention as Intervention  # noqa: E402  (found here, as every row is)
from batches.clock.rows import Schedule as Schedule  # noqa: E402
from batches.clock.rows import ScheduledRun as ScheduledRun  # noqa: E402
from batches.release.rows import Release as Release  # noqa: E402
from batches.sets.rows import DataSet as DataSet  # noqa: E402
from batches.steering.rows import Order as Order  # noqa: E402
