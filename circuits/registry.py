"""The registry: the services that circuits protect, how their circuits are set, and what serves instead."""

from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from worker.circuit_contract import read_settings
from worker.resilience.circuit_state import CircuitConfig

_SHARE = [MinValueValidator(0.01), MaxValueValidator(1.0)]
_SPAN = [MinValueValidator(0.1), MaxValueValidator(7 * 86_400.0)]
_NAME = RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z", _("Small letters, digits, dots, dashes and underscores."))


class Service(models.Model):
    """Something outside that is called: where it is, when its circuit opens, and what serves instead."""

    name = models.CharField(
        _("name"), max_length=50, unique=True, validators=[_NAME], help_text=_("What programs call it: payments.")
    )
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
    window_seconds = models.FloatField(
        _("seconds that shares are about"), default=60.0, validators=[MinValueValidator(1), MaxValueValidator(86_400)]
    )
    minimum_calls = models.PositiveIntegerField(
        _("calls before a share says something"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
    )
    budget_calls = models.PositiveIntegerField(
        _("calls that it takes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000_000)],
        help_text=_("Of all batches and workers together. Empty: as many as they want."),
    )
    budget_seconds = models.FloatField(
        _("in any so many seconds"), default=60.0, validators=[MinValueValidator(1), MaxValueValidator(31 * 86_400.0)]
    )
    version = models.PositiveBigIntegerField(_("version"), default=1, editable=False, help_text=_("Counts every save."))
    config_version = models.PositiveBigIntegerField(default=1, editable=False, help_text="Of the circuit's settings.")
    told_at = models.DateTimeField(null=True, editable=False, help_text="When its circuit was last told of them.")
    looked_at = models.DateTimeField(null=True, editable=False, help_text="When was last looked whether it is alive.")

    class Meta:
        app_label = "circuits"
        ordering = ["name"]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.title or self.name

    def get_absolute_url(self) -> str:
        return reverse("circuits:circuit", args=[self.name])

    def clean(self) -> None:
        """What contradicts itself, in words; each value alone is looked at by its validators."""
        if self.slow_rate is not None and self.slow_seconds is None:
            said = _("A share of slow calls opens it: say too from how many seconds on a call is slow.")
            raise ValidationError({"slow_seconds": said})
        if errors := read_settings(asdict(self.config)).errors:
            raise ValidationError(list(errors))

    @property
    def settings(self) -> dict[str, Any]:
        """What its entity is told: it takes a version once, and no older one."""
        return {**asdict(self.config), "version": self.config_version}

    @property
    def config(self) -> CircuitConfig:
        """When its circuit opens; what is not set here stays at its defaults."""
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
    """One step of a service's fallback chain, the best first; what it calls is code, how long it waits stands here."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="rungs", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.CharField(_("name"), max_length=50, validators=[_NAME])
    timeout_seconds = models.FloatField(_("seconds for one try"), default=10.0, validators=_SPAN)
    attempts = models.PositiveSmallIntegerField(
        _("tries"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    pause_seconds = models.FloatField(
        _("seconds between tries"), default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(3_600.0)]
    )
    circuit = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("behind the circuit of")
    )

    class Meta:
        app_label = "circuits"
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="a_rung_once_per_service")]
        ordering = ["position", "pk"]
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")

    def __str__(self) -> str:
        return f"{self.service.name}/{self.name}"
