"""The workers' pulse: Temporal itself lists a killed worker for minutes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pulse(models.Model):
    """One worker process, and when it last said that it lives."""

    worker = models.CharField(max_length=200, unique=True, help_text="host:pid:start")
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    queues = models.TextField(blank=True)
    serving = models.JSONField(
        default=dict, help_text="Of each queue: slots, used, per_second, queue_per_second; None: no limit."
    )
    started_at = models.DateTimeField()
    at = models.DateTimeField(help_text="The last beat.")
    temporal_at = models.DateTimeField(null=True, help_text="When Temporal last answered this worker.")

    class Meta:
        ordering = ["worker"]
        verbose_name = _("worker's pulse")
        verbose_name_plural = _("workers' pulses")

    def __str__(self) -> str:
        return self.worker


class Count(models.Model):
    """So many of something, by whoever wrote it; what there was in all is the sum (``live/counting.py``)."""

    name = models.CharField(max_length=80)
    labels = models.CharField(max_length=200, help_text="As JSON, sorted.")
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.labels} {self.number}"
