"""The rows of circuits: the index of entities, what they wrote down, and what ops were told of."""

import hashlib

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Circuit(models.Model):
    """The index row of one entity workflow, ``circuit-<service>``: what callers and lists go by."""

    service = models.CharField(max_length=200, unique=True, help_text="Its name, as the workflow was given it.")
    state = models.CharField(max_length=20, default="closed")
    since = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True, help_text="When the override ends.")
    reason = models.TextField(blank=True, help_text="Why it is in its state.")
    actor = models.CharField(max_length=200, blank=True, help_text="Who set it, if somebody did.")
    failure_count = models.PositiveBigIntegerField(default=0)
    config = models.JSONField(default=dict, help_text="The settings in force, as CircuitConfig.")
    config_version = models.PositiveBigIntegerField(default=0)
    interventions = models.PositiveBigIntegerField(default=0)
    events_ever = models.PositiveBigIntegerField(default=0, help_text="The last event written down here.")
    before = models.BigIntegerField(default=0, help_text="What its numbers have to be raised by: it has begun anew.")
    kept = models.JSONField(null=True, help_text="The entity's state, versioned: to begin with, should it be lost.")
    last_report_at = models.DateTimeField(null=True)
    run_id = models.CharField(max_length=64, blank=True)
    run_started_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["service"]
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")

    def __str__(self) -> str:
        return f"{self.service} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("circuits:circuit", args=[self.service])

    @property
    def stream(self) -> str:
        """The ledger's stream of this circuit."""
        return stream_of(self.service)


STREAM = 200
"""Characters that the name of a stream may have."""


def stream_of(service: str) -> str:
    stream = f"circuit:{service}"
    if len(stream) <= STREAM:
        return stream
    return f"{stream[: STREAM - 17]}#{hashlib.sha256(service.encode()).hexdigest()[:16]}"


class Change(models.Model):
    """One event of an entity: a change of state, of settings, an order that did not count. Numbered by the entity."""

    circuit = models.ForeignKey(Circuit, models.CASCADE, related_name="changes")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    cause = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=200, blank=True)
    known = models.CharField(max_length=20, blank=True, help_text='"signed_in" or "program", where there is an actor.')
    caller = models.CharField(max_length=200, blank=True)
    sample = models.TextField(blank=True)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["circuit", "number"], name="a_change_once_per_circuit")]
        indexes = [models.Index(fields=["circuit", "-at"], name="changes_by_time")]
        ordering = ["-number"]
        verbose_name = _("change of a circuit")
        verbose_name_plural = _("changes of circuits")

    def __str__(self) -> str:
        return f"{self.circuit_id}/{self.number} {self.source} -> {self.target}"


class Sample(models.Model):
    """What was reported in one minute; written as a whole, so that writing it again does no harm."""

    circuit = models.ForeignKey(Circuit, models.CASCADE, related_name="samples")
    minute = models.DateTimeField()
    ok = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    slow = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    fallback = models.JSONField(default=dict, help_text="Served by which rung how often.")
    state = models.CharField(max_length=20, help_text="The worst state in this minute.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["circuit", "minute"], name="a_sample_once_per_minute")]
        indexes = [models.Index(fields=["minute"], name="samples_by_minute")]

    def __str__(self) -> str:
        return f"{self.circuit_id} {self.minute:%H:%M}"


class Episode(models.Model):
    """Something that ops are told of once: a circuit's outage, from its opening to its closing, or "no worker"."""

    subject = models.CharField(max_length=200, help_text='"circuit:<service>", or "worker".')
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)
    told_begin_at = models.DateTimeField(null=True)
    told_long_at = models.DateTimeField(null=True, help_text='When "it is still so" was told.')
    told_end_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], name="one_open_episode_per_subject", condition=models.Q(ended_at=None)
            )
        ]
        indexes = [models.Index(fields=["-began_at"], name="episodes_by_time")]
        verbose_name = _("episode")
        verbose_name_plural = _("episodes")

    def __str__(self) -> str:
        return f"{self.subject} from {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def whose(self) -> str:
        """A circuit's service, or the uuid of what else it is about; empty where there is only one of the kind."""
        return self.subject.partition(":")[2]


from circuits.limits.rows import LimitedQueue as LimitedQueue  # noqa: E402
from circuits.limits.rows import LimitOrder as LimitOrder  # noqa: E402
from circuits.orders import Order as Order  # noqa: E402  (found here, as every row is)
from circuits.registry import Rung as Rung  # noqa: E402
from circuits.registry import Service as Service  # noqa: E402
from circuits.unread.rows import Unread as Unread  # noqa: E402
from circuits.versions import ServiceVersion as ServiceVersion  # noqa: E402
