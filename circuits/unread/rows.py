"""The row of a stored payload that somebody waits for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Unread(models.Model):
    """Something stored outside Temporal that a workflow, or an activity of it, cannot have. Gone once that is over."""

    mark = models.CharField(max_length=64, unique=True, help_text="Of whose it is, what, and where it was missed.")
    workflow_id = models.TextField()
    run_id = models.CharField(max_length=64)
    activity = models.CharField(max_length=200, blank=True, help_text="Empty: the workflow itself waits.")
    place = models.CharField(max_length=20, help_text='"payloads" or "bucket".')
    key = models.TextField()
    cause = models.CharField(max_length=20)
    sentence = models.TextField()
    host = models.CharField(max_length=200, help_text="The worker's: another may have it.")
    since = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When a worker last missed it.")
    looked_at = models.DateTimeField(null=True, help_text="When it was last looked for.")

    class Meta:
        app_label = "circuits"
        verbose_name = _("unread payload")
        verbose_name_plural = _("unread payloads")

    def __str__(self) -> str:
        return f"{self.workflow_id}: {self.key}"
