"""The rows of circuits: the registry of services, the index of entities, what they wrote down, and every order."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from worker.resilience.circuit_state import CircuitConfig

_SHARE = [MinValueValidator(0.01), MaxValueValidator(1.0)]
_SPAN = [MinValueValidator(0.1), MaxValueValidator(7 * 86_400.0)]


class Service(models.Model):
    """Something outside that is called: where it is, when its circuit opens, and what serves instead."""

    name = models.SlugField(_("name"), max_length=50, unique=True, help_text=_("What programs call it: payments."))
    title = models.CharField(_("title"), max_length=80, blank=True)
    base_url = models.CharField(
        _("base URL"), max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )
    failure_threshold = models.PositiveIntegerField(
        _("failures in a row that open it"), default=5, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    timeout_seconds = models.FloatField(_("seconds that it stays open"), default=60.0, validators=_SPAN)
    half_open_attempts = models.PositiveIntegerField(
        _("trials that close it"), default=2, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    probe_lease_seconds = models.FloatField(_("seconds that a trial may take"), default=30.0, validators=_SPAN)
    failure_rate = models.FloatField(_("share of failed calls that opens it"), null=True, blank=True, validators=_SHARE)
    slow_rate = models.FloatField(_("share of slow calls that opens it"), null=True, blank=True, validators=_SHARE)
    slow_seconds = models.FloatField(_("seconds from which a call is slow"), null=True, blank=True, validators=_SPAN)
    window_seconds = models.FloatField(_("seconds that shares are about"), default=60.0, validators=_SPAN)
    minimum_calls = models.PositiveIntegerField(
        _("calls before a share says something"), default=20, validators=[MinValueValidator(1)]
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    """Of the settings: the entity says which one it has."""

    class Meta:
        ordering = ["name"]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def config(self) -> CircuitConfig:
        return CircuitConfig(
            failure_threshold=self.failure_threshold,
            timeout_seconds=self.timeout_seconds,
            half_open_attempts=self.half_open_attempts,
            probe_lease_seconds=self.probe_lease_seconds,
            failure_rate=self.failure_rate,
            slow_rate=self.slow_rate,
            slow_seconds=self.slow_seconds,
            window_seconds=self.window_seconds,
            minimum_calls=self.minimum_calls,
        )


class Rung(models.Model):
    """One step of a service's fallback chain; the first is the service itself."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="rungs", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.SlugField(_("name"), max_length=50)
    timeout_seconds = models.FloatField(_("seconds for one try"), default=10.0, validators=_SPAN)
    attempts = models.PositiveSmallIntegerField(
        _("tries"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    pause_seconds = models.FloatField(_("seconds between tries"), default=0.0, validators=[MinValueValidator(0.0)])
    circuit = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("circuit of its own")
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="a_rung_once_per_service")]
        ordering = ["position", "pk"]
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")

    def __str__(self) -> str:
        return f"{self.service.name}/{self.name}"


class Circuit(models.Model):
    """The index row of one entity workflow, ``circuit-<service>``: what callers and lists go by."""

    service = models.CharField(max_length=200, unique=True, help_text="Its name, whether the registry knows it or not.")
    state = models.CharField(max_length=20, default="closed")
    since = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True, help_text="When the override ends.")
    reason = models.TextField(blank=True, help_text="Why it is in its state.")
    actor = models.CharField(max_length=200, blank=True, help_text="Who set it, if somebody did.")
    failure_count = models.PositiveIntegerField(default=0)
    config = models.JSONField(default=dict, help_text="The settings in force, as CircuitConfig.")
    config_version = models.PositiveIntegerField(default=0)
    interventions = models.PositiveIntegerField(default=0)
    events_ever = models.PositiveBigIntegerField(default=0, help_text="The last event written down here.")
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

    @property
    def stream(self) -> str:
        """The ledger's stream of this circuit."""
        return stream_of(self.service)


def stream_of(service: str) -> str:
    return f"circuit:{service}"


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


class Order(models.Model):
    """What somebody ordered on the site: committed before the signal goes out, so that a click is provable."""

    class Action(models.TextChoices):
        FORCE_OPEN = "forced_open", _("force it open")
        DISABLE = "disabled", _("switch it off")
        OBSERVE = "metrics_only", _("observe only")
        CLOSE = "closed", _("close it")
        RESET = "reset", _("reset it")
        CONFIGURE = "configure", _("change its thresholds")

    class State(models.TextChoices):
        MADE = "made", _("made, not sent yet")
        SENT = "sent", _("sent, being recorded")
        UNKNOWN = "unknown", _("sent, the answer is unknown")
        NOT_SENT = "not_sent", _("not sent")
        APPLIED = "applied", _("recorded")
        REFUSED = "refused", _("not applied")

    order_id = models.CharField(max_length=64, unique=True)
    service = models.CharField(max_length=200)
    action = models.CharField(max_length=20, choices=Action)
    reason = models.TextField()
    seconds = models.FloatField(null=True, help_text="How long it lasts; empty: it is done once, or lasts.")
    config = models.JSONField(null=True)
    shown = models.PositiveIntegerField(null=True, help_text="The number of interventions that the person had seen.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.MADE)
    why_not = models.TextField(blank=True, help_text="Why it was not applied, for people.")
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["made_at"], name="orders_unsettled", condition=models.Q(state__in=["made", "sent", "unknown"])
            ),
            models.Index(fields=["service", "-made_at"], name="orders_of_a_service"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.service} ({self.state})"


class Episode(models.Model):
    """Something that ops are told of once: a circuit's outage, from its opening to its closing, or "no worker"."""

    subject = models.CharField(max_length=200, help_text='"circuit:<service>", or "worker".')
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)
    told_begin_at = models.DateTimeField(null=True)
    told_long_at = models.DateTimeField(null=True, help_text='When "it is still so" was told.')
    told_end_at = models.DateTimeField(null=True)
    data: Any = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], name="one_open_episode_per_subject", condition=models.Q(ended_at=None)
            )
        ]
        indexes = [models.Index(fields=["-began_at"], name="episodes_by_time")]

    def __str__(self) -> str:
        return f"{self.subject} from {self.began_at:%Y-%m-%d %H:%M}"
