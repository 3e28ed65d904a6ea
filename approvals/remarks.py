"""What people say to each other about a request: comments, questions to the requester, and their answers."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Remark(models.Model):
    """One thing that somebody said. Written once, never changed and never deleted; the ledger has its words too."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("comment")
        QUESTION = "question", _("question to the requester")
        ANSWER = "answer", _("answer")

    request = models.ForeignKey("approvals.Request", models.CASCADE, related_name="remarks", db_index=False)
    form_id = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Of its form: sent twice it is one remark.")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=200, help_text="The username, as it was then.")
    question = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="answers", help_text="It answers this."
    )
    asked = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="A question's.",
    )
    answered_at = models.DateTimeField(
        null=True, help_text="When its first answer came. The one thing that is set later."
    )
    at = models.DateTimeField()

    class Meta:
        app_label = "approvals"
        constraints = [
            models.CheckConstraint(
                name="an_answer_has_its_question",
                condition=Q(kind="answer", question__isnull=False) | (~Q(kind="answer") & Q(question__isnull=True)),
            ),
            models.CheckConstraint(
                name="only_questions_are_answered", condition=Q(kind="question") | Q(answered_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["request", "id"], name="remarks_of_a_request"),
            models.Index(
                fields=["asked", "id"], name="questions_open", condition=Q(kind="question", answered_at__isnull=True)
            ),
        ]
        ordering = ["id"]
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")

    def __str__(self) -> str:
        return f"{self.author_name} ({self.kind})"
