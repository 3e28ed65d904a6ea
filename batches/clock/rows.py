"""The rows of schedules: what people ordered, what each run came to, and who intervened."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Schedule(models.Model):
    """What is to be started when, as people ordered it. Temporal has it too, and says when it runs next.

    ``version`` rises with each order, and ``sent_version`` is the last that Temporal is known to have.
    """

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", _("every day")
        WEEKLY = "weekly", _("on days of the week")
        CRON = "cron", _("by a cron expression")

    class Overlap(models.TextChoices):
        SKIP = "skip", _("leave the new run out")
        BUFFER = "buffer", _("let one wait until it has ended")
        ALLOW = "allow", _("run both beside each other")
        CANCEL = "cancel", _("cancel the old run, then begin")
        TERMINATE = "terminate", _("end the old run at once, and begin")

    class Differs(models.TextChoices):
        GONE = "gone", _("deleted in Temporal")
        CHANGED = "changed", _("changed in Temporal")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    title = models.CharField(max_length=200)
    spec = models.JSONField(help_text="That of a batch, but for its source.")
    upload = models.ForeignKey("batches.Upload", models.PROTECT, null=True, related_name="schedules")
    folder = models.CharField(max_length=1000, blank=True, help_text="In which the file lies, where it is no upload.")
    pattern = models.CharField(max_length=300, blank=True, help_text="Its name there, with signs for the date.")
    days_before = models.PositiveIntegerField(default=0, help_text="The date is that of so many days before the run.")
    format = models.CharField(max_length=10)
    only_new = models.BooleanField(default=False, help_text="A file that is the same as the last run's is refused.")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.CharField(max_length=5, blank=True)
    weekdays = models.JSONField(default=list, help_text="0 is Sunday.")
    cron = models.CharField(max_length=200, help_text="Of every kind.")
    zone = models.CharField(max_length=64)
    overlap = models.CharField(max_length=10, choices=Overlap, default=Overlap.SKIP)
    catchup_seconds = models.PositiveIntegerField(default=3_600)
    jitter_seconds = models.PositiveIntegerField(default=0)
    pause_on_failure = models.BooleanField(default=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="In whose name it starts."
    )
    requester = models.CharField(max_length=200)
    paused = models.BooleanField(default=False)
    paused_reason = models.TextField(blank=True)
    paused_by = models.CharField(max_length=200, blank=True, help_text="Empty: it was done in Temporal, or by it.")
    paused_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    sent_version = models.PositiveIntegerField(default=0)
    mark = models.CharField(max_length=64, blank=True, help_text="How Temporal has it since it was sent.")
    differs = models.CharField(max_length=10, choices=Differs, blank=True)
    told = models.JSONField(default=dict, help_text="What Temporal said of it last: worker.schedules.Told.")
    told_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="When a worker began to look at it.")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "batches"
        indexes = [
            models.Index(fields=["id"], name="schedules_live", condition=models.Q(deleted_at=None)),
            models.Index(
                fields=["id"], name="schedules_to_send", condition=models.Q(sent_version__lt=models.F("version"))
            ),
        ]
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("batches:schedule", args=[self.uuid])

    @property
    def reference(self) -> str:
        return f"S-{self.pk}"

    @property
    def stream(self) -> str:
        """The ledger's stream of this schedule."""
        return f"schedule:{self.uuid}"

    @property
    def sent(self) -> bool:
        return self.sent_version >= self.version


class Intervention(models.Model):
    """What somebody did to a schedule: a click, or what was found to have been done in Temporal."""

    class Action(models.TextChoices):
        CREATE = "create", _("made it")
        CHANGE = "change", _("changed it")
        PAUSE = "pause", _("paused it")
        RESUME = "resume", _("resumed it")
        RUN = "run", _("had it run now")
        PUT_BACK = "put_back", _("put it back")
        DELETE = "delete", _("deleted it")

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="interventions")
    order_id = models.CharField(max_length=64, unique=True)
    action = models.CharField(max_length=20, choices=Action)
    reason = models.TextField(blank=True)
    what = models.JSONField(default=dict, help_text="What was changed: from what to what, by field.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=200, blank=True)
    known = models.CharField(max_length=20)
    made_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(help_text="Of the schedule, after it.")
    run_at = models.DateTimeField(null=True, help_text="Of a run that was ordered: its scheduled time.")
    sent_at = models.DateTimeField(null=True, help_text="When Temporal took that order.")
    why_not = models.CharField(max_length=20, blank=True, help_text='Why that run did not begin: "overlap" or "late".')

    class Meta:
        app_label = "batches"
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["made_at"],
                name="schedule_runs_ordered",
                condition=models.Q(action="run", why_not="", sent_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.schedule_id}"


class ScheduledRun(models.Model):
    """One run: the batch that it began, or why it began none. ``at``: the time it was scheduled for."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="runs")
    at = models.DateTimeField()
    workflow_id = models.CharField(max_length=300)
    run_id = models.CharField(max_length=64)
    batch = models.OneToOneField("batches.Batch", models.SET_NULL, null=True, related_name="scheduled")
    file = models.CharField(max_length=2000, blank=True)
    cause = models.TextField(blank=True, help_text="Why there is no batch.")
    left_out = models.BooleanField(default=False, help_text="That there is none is as it should be.")
    begun_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="When its workflow was told so.")

    class Meta:
        app_label = "batches"
        constraints = [models.UniqueConstraint(fields=["schedule", "at"], name="a_run_once_per_time")]
        indexes = [models.Index(fields=["id"], name="scheduled_runs_open", condition=models.Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.at:%Y-%m-%d %H:%M}"
