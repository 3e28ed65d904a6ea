"""The rows of accounts: what a person prefers, and the outbox: one letter for each event and person."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a letter is about. All but the last are a person's to switch off."""

    LEVEL_WAITS = "level_waits", _("a level waits")
    OUTCOME = "outcome", _("outcome of a request")
    REMINDER = "reminder", _("reminder of a deadline")
    QUESTION = "question", _("question to the requester")
    ANSWER = "answer", _("answer to a question")
    COMMENT = "comment", _("comment on a request")
    ABSENCE = "absence", _("who stands in for whom")
    OPS = "ops", _("a circuit, a batch or the workers need somebody")
    RESET = "reset", _("new password")


class Preferences(models.Model):
    """How somebody wants to see and hear. Who never chose has no row, and the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences", verbose_name=_("user")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: that of the site."))
    language = models.CharField(_("language"), max_length=10, blank=True)
    level_waits = models.BooleanField(_("a level waits for me"), default=True)
    outcome = models.BooleanField(_("the outcome of what I asked for"), default=True)
    reminder = models.BooleanField(_("a reminder before a deadline passes"), default=True)
    question = models.BooleanField(_("a question to me about what I asked for"), default=True)
    answer = models.BooleanField(_("an answer that I or my level wait for"), default=True)
    comment = models.BooleanField(_("a comment on a request that I take part in"), default=True)
    absence = models.BooleanField(_("somebody stands in for me, or I for them"), default=True)
    ops = models.BooleanField(_("a circuit opens, a batch fails or waits, or no worker runs (for ops)"), default=True)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return self.user.get_username()

    def wants(self, kind: str) -> bool:
        return bool(getattr(self, kind, True))


class Letter(models.Model):
    """One mail to one person about one event, written down with the event, sent by any worker, kept as the proof."""

    class State(models.TextChoices):
        WAITING = "waiting", _("to be sent")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not delivered")
        DROPPED = "dropped", _("not needed any more")

    class Why(models.TextChoices):
        """Why a person was not told, or not yet: said after their name."""

        NO_ADDRESS = "no_address", _("no mail address is known")
        BAD_ADDRESS = "bad_address", _("the mail server refuses the address")
        NOT_SET = "not_set", _("no mail server is set")
        UNREACHABLE = "unreachable", _("the mail server does not answer")
        LOGIN = "login", _("the mail server refuses Leitstand's login")
        SENDER = "sender", _("the mail server refuses Leitstand as the sender")
        REFUSED = "refused", _("the mail server refuses this mail")
        LATER = "later", _("the mail server is busy")
        UNWRITTEN = "unwritten", _("the mail could not be written")

    event = models.CharField(max_length=200, help_text="What it tells of, once for each person.")
    kind = models.CharField(max_length=20, choices=Kind)
    stream = models.CharField(max_length=200, blank=True, help_text="The ledger's stream that it belongs to.")
    data = models.JSONField(default=dict, help_text="What its writer needs to find the facts again.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="letters")
    name = models.CharField(max_length=320, blank=True, help_text="Of the person, as it was then.")
    address = models.CharField(max_length=254, blank=True, help_text="Where it went.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    in_log = models.BooleanField(default=False, help_text="Written to a log, for no mail server is set.")
    why = models.CharField(max_length=20, choices=Why, blank=True)
    error = models.TextField(blank=True, help_text="What the mail server said.")
    tries = models.PositiveIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True, help_text="Of the worker that is sending it.")
    made_at = models.DateTimeField()
    next_at = models.DateTimeField(help_text="When it is due, or when its claim ends.")
    tried_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "user"], name="a_letter_once_per_event_and_person")]
        indexes = [
            models.Index(fields=["next_at"], name="letters_due", condition=Q(state__in=["waiting", "sending"])),
            models.Index(fields=["stream", "id"], name="letters_of_a_stream"),
            models.Index(fields=["state"], name="letters_by_state"),
        ]
        ordering = ["id"]
        verbose_name = _("letter")
        verbose_name_plural = _("letters")

    def __str__(self) -> str:
        return f"{self.kind} to {self.name} ({self.state})"


def preferences_of(user: Any) -> Preferences:
    """Those that they chose, or the defaults; no query where the user was read with ``select_related``."""
    try:
        found: Preferences = user.preferences
    except Preferences.DoesNotExist:
        found = Preferences(user=user)
    return found


from accounts.receivers import Delivery, Receiver, Trace  # noqa: E402, F401  (found here, as every row is)
