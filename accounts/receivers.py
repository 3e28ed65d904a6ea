"""Who is told by webhook, and what each of them is to be told: one delivery for each event and receiver."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import signing


class Receiver(models.Model):
    """A program elsewhere that is told of events. Its secret signs what it is told, and is shown once."""

    name = models.CharField(_("name"), max_length=80, help_text=_("As people call it, such as ERP."))
    url = models.CharField(_("address"), max_length=2000, help_text=_("Where to send, beginning with https://."))
    types = models.JSONField(_("events"), default=list, blank=True)
    active = models.BooleanField(
        _("active"), default=True, help_text=_("If not, it is told of nothing, and what waits for it is dropped.")
    )
    secret = models.CharField(max_length=100, default=signing.new_secret, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, editable=False)
    old_until = models.DateTimeField(null=True, editable=False, help_text="Until then the old secret signs too.")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    claim = models.CharField(max_length=32, blank=True, editable=False, help_text="Of the worker that serves it.")
    next_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When it may be called again, or when its claim ends."
    )
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="a_receiver_name_once", violation_error_message=_("There is one of this name.")
            )
        ]
        ordering = ["name"]
        verbose_name = _("webhook receiver")
        verbose_name_plural = _("webhook receivers")

    def __str__(self) -> str:
        return self.name

    def wants(self, kind: str) -> bool:
        return not self.types or kind in self.types

    @property
    def stream(self) -> str:
        """The ledger's stream of this receiver."""
        return f"webhook:{self.pk}"


class Delivery(models.Model):
    """One event for one receiver, written down with the event, sent by any worker under the same id each time."""

    class State(models.TextChoices):
        WAITING = "waiting", _("to be sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not delivered")
        DROPPED = "dropped", _("not needed any more")

    class Why(models.TextChoices):
        """Why a receiver was not told, or not yet: said after its name."""

        BAD_URL = "bad_url", _("its address is not one that can be called")
        NOT_ALLOWED = "not_allowed", _("its host is not among those that may be called")
        PLAIN = "plain", _("its address is not https")
        PRIVATE = "private", _("its host leads to an address that may not be called")
        UNKNOWN_HOST = "unknown_host", _("its host is not known")
        UNREACHABLE = "unreachable", _("it does not answer")
        TLS = "tls", _("its certificate is not valid")
        TIMEOUT = "timeout", _("it took too long to answer")
        BROKEN = "broken", _("it broke off the connection")
        NOT_HTTP = "not_http", _("what it answers is not HTTP")
        REDIRECT = "redirect", _("it redirects, and redirects are not followed")
        REFUSED = "refused", _("it refuses what it is sent")
        BUSY = "busy", _("it asks to be called later")
        ERROR = "error", _("it answers with an error")
        GONE = "gone", _("it wants to be told no more")
        REMOVED = "removed", _("it was removed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The webhook-id of each try.")
    receiver = models.ForeignKey(
        Receiver, models.SET_NULL, null=True, related_name="deliveries", verbose_name=_("receiver")
    )
    name = models.CharField(_("receiver's name"), max_length=80, help_text=_("As it was then."))
    event = models.CharField(_("event"), max_length=200, help_text=_("What it tells of, once for each receiver."))
    type = models.CharField(_("kind"), max_length=80)
    stream = models.CharField(_("stream"), max_length=200, blank=True)
    data = models.JSONField(_("data"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    why = models.CharField(_("why"), max_length=20, choices=Why, blank=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True, help_text=_("The status of the last answer."))
    error = models.TextField(_("what was said"), blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    made_at = models.DateTimeField(_("happened"))
    next_at = models.DateTimeField(_("next try"))
    tried_at = models.DateTimeField(_("last try"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receiver", "event"], name="a_delivery_once_per_event")]
        indexes = [
            models.Index(fields=["receiver", "id"], name="deliveries_due", condition=Q(state="waiting")),
            models.Index(fields=["id"], name="deliveries_failed", condition=Q(state="failed")),
            models.Index(fields=["stream", "id"], name="deliveries_of_a_stream"),
        ]
        ordering = ["id"]
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")

    def __str__(self) -> str:
        return f"{self.type} to {self.name} ({self.state})"

    @property
    def message_id(self) -> str:
        return f"msg_{self.uuid.hex}"


class Trace(models.Model):
    """What is left of a stream's letters and deliveries after their time: who was told, when, and who could not be."""

    stream = models.CharField(max_length=200, primary_key=True)
    told = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.stream
