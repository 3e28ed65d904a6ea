"""The rows of approvals: who may decide, by which policy, the index of requests, and every attempt to decide."""

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from approvals.delegating import Delegation as Delegation
from approvals.holders import LevelHolder as LevelHolder
from approvals.versions import PolicyVersion as PolicyVersion


class Level(models.Model):
    """A rank at which somebody decides: manager, director, vp, ceo."""

    name = models.SlugField(_("name"), max_length=50, unique=True, help_text=_("What programs call it, e.g. manager."))
    title = models.CharField(_("title"), max_length=80, help_text=_("What people read, e.g. Manager."))
    rank = models.PositiveSmallIntegerField(_("rank"), default=0, help_text=_("The order in lists; low first."))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        ordering = ["rank", "name"]
        verbose_name = _("level")
        verbose_name_plural = _("levels")

    def __str__(self) -> str:
        return self.title


class Policy(models.Model):
    """Which levels a request of a kind needs. Open requests carry their chain: a change here never moves them."""

    kind = models.SlugField(_("kind"), max_length=50, unique=True)
    title = models.CharField(_("title"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3, default="EUR", help_text=_("The tiers are amounts in it."))
    self_approval = models.BooleanField(_("requesters may approve their own"), default=False)
    distinct_approvers = models.BooleanField(_("one person, one level per request"), default=True)
    overrides_allowed = models.BooleanField(_("programs may name levels and deadlines"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        ordering = ["kind"]
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return self.title


class Tier(models.Model):
    """From this amount on, this level decides too."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="tiers", verbose_name=_("policy"))
    level = models.ForeignKey(Level, models.PROTECT, related_name="tiers", verbose_name=_("level"))
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The order in the chain."))
    from_amount = models.DecimalField(
        _("from amount"), max_digits=15, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    timeout_seconds = models.PositiveIntegerField(
        _("deadline in seconds"), default=86_400, validators=[MinValueValidator(1)]
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "level"], name="a_level_once_per_policy")]
        ordering = ["position", "from_amount"]
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")

    def __str__(self) -> str:
        return f"{self.policy.kind}: {self.level.name} from {self.from_amount}"


class Status(models.TextChoices):
    """Where a request stands. The first four are open, the rest closed."""

    NOT_STARTED = "not_started", _("Not started yet")
    WAITING = "waiting", _("Waiting")
    ACTION_RUNNING = "action_running", _("Approved, action running")
    ACTION_FAILED = "action_failed", _("Approved, action failed")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    TIMEOUT = "timeout", _("Timed out")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    CANCELLED = "cancelled", _("Cancelled")
    INVALID = "invalid", _("Not valid")
    TERMINATED = "terminated", _("Ended in Temporal")


OPEN = (Status.NOT_STARTED, Status.WAITING, Status.ACTION_RUNNING, Status.ACTION_FAILED)


class Request(models.Model):
    """The index row of one approval workflow: what lists are made of, and what outlives Temporal's retention."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workflow_id = models.CharField(max_length=1000)
    first_run_id = models.CharField(max_length=64, blank=True, help_text="Empty until Temporal has started it.")
    workflow_type = models.CharField(max_length=80, default="MultiStepApprovalWorkflow")
    title = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="EUR")
    kind = models.CharField(max_length=50, default="default")
    policy_title = models.CharField(max_length=80, blank=True)
    policy_version = models.PositiveIntegerField(default=0)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="requests")
    requester_name = models.CharField(
        max_length=200, blank=True, help_text="As it was given: a username, or free text."
    )
    by_program = models.BooleanField(default=False, help_text="Started by a program, not by the form.")
    details = models.JSONField(default=dict)
    action_name = models.CharField(max_length=100, blank=True)
    action_args = models.JSONField(default=dict)
    action_error = models.TextField(blank=True)
    self_approval = models.BooleanField(default=False)
    distinct_approvers = models.BooleanField(default=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.NOT_STARTED)
    current_step = models.PositiveSmallIntegerField(default=0)
    current_level = models.CharField(
        max_length=50, blank=True, help_text="The open level; empty if none, or any level."
    )
    deadline = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it was rejected, withdrawn or not valid.")
    result = models.JSONField(null=True, help_text="What the workflow returned.")
    payload = models.JSONField(default=dict, help_text="The workflow's argument, to start it with.")
    follows = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="followed_by", help_text="This asks again for what that asked."
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow_id", "first_run_id"], name="one_row_per_first_run"),
            models.CheckConstraint(
                name="closed_means_closed_at",
                condition=Q(status__in=OPEN, closed_at__isnull=True)
                | (~Q(status__in=OPEN) & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["current_level", "deadline", "id"], name="waiting_by_level", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["deadline", "id"], name="open_by_deadline", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["-closed_at", "-id"], name="closed_by_time", condition=Q(closed_at__isnull=False)),
            models.Index(fields=["requester", "-id"], name="mine"),
            models.Index(fields=["requester", "-id"], name="mine_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["status", "id"], name="by_status"),
            models.Index(fields=["-updated_at"], name="by_last_write"),
            models.Index(fields=["kind", "id"], name="by_kind"),
            models.Index(
                fields=["current_level", "amount", "id"], name="waiting_by_amount", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["current_level", "id"], name="waiting_by_age", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["amount", "id"], name="open_by_amount", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["id"], name="open_by_age", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["amount", "id"], name="closed_by_amount", condition=Q(closed_at__isnull=False)),
        ]
        verbose_name = _("request")
        verbose_name_plural = _("requests")

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("approvals:request", args=[self.uuid])

    @property
    def reference(self) -> str:
        """The short name people say to each other: R-2041."""
        return f"R-{2000 + self.pk}"

    @property
    def stream(self) -> str:
        """The ledger's stream of this request."""
        return f"request:{self.uuid}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Attempt(models.Model):
    """One try to decide: on the site committed before the signal goes out, so a click is provable and never lost."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        WITHDRAW = "withdraw", _("withdraw")
        RETRY = "retry_action", _("retry the action")
        GIVE_UP = "give_up", _("give up the action")

    class State(models.TextChoices):
        MADE = "made", _("made, not sent yet")
        SENT = "sent", _("sent, being recorded")
        UNKNOWN = "unknown", _("sent, the answer is unknown")
        NOT_SENT = "not_sent", _("not sent")
        APPLIED = "applied", _("recorded")
        REFUSED = "refused", _("not applied")

    request = models.ForeignKey(Request, models.CASCADE, related_name="attempts")
    decision_id = models.CharField(max_length=200)
    verdict = models.CharField(max_length=20, choices=Verdict)
    level = models.CharField(max_length=50, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=200, blank=True)
    on_behalf_of_name = models.CharField(max_length=200, blank=True, help_text="For whom they stood in, once settled.")
    known_by = models.CharField(max_length=20, help_text='"signed_in" or "program".')
    comment = models.TextField(blank=True)
    shown = models.CharField(max_length=64, blank=True, help_text="Digest of what the person was shown.")
    made_at = models.DateTimeField(help_text="When the person clicked, or when the claim was handled.")
    state = models.CharField(max_length=10, choices=State, default=State.MADE)
    code = models.CharField(max_length=40, blank=True, help_text="Why it was refused, for programs.")
    reason = models.TextField(blank=True, help_text="Why it was refused, for people.")
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "decision_id"], name="a_decision_id_once_per_request"),
            models.CheckConstraint(
                name="settled_means_settled_at",
                condition=Q(state__in=["applied", "refused"], settled_at__isnull=False)
                | (~Q(state__in=["applied", "refused"]) & Q(settled_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["made_at"], name="attempts_unsettled", condition=Q(state__in=["made", "sent", "unknown"])
            )
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.username} {self.verdict} {self.level} ({self.state})"


class Record(models.Model):
    """What the action ``record`` writes: proof on the request's page that the approved action ran, once."""

    key = models.CharField(max_length=200, unique=True)
    request = models.ForeignKey(Request, models.SET_NULL, null=True, related_name="records")
    text = models.TextField(blank=True)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key


from approvals.drift import Missing, Reconciliation  # noqa: E402, F401  (found here, as every row is)
from approvals.remarks import Remark as Remark  # noqa: E402
from approvals.searched import SearchText  # noqa: E402, F401
from approvals.steps import Step as Step  # noqa: E402
