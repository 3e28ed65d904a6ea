"""Steps carry amount and end of their request, so that what is in a chain, or was decided, is found by one index.

The columns cost nothing; to fill a million steps and their indexes takes half a minute, in which steps are not written.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery

BATCH = 50_000


def fill(apps, schema_editor):
    """By key, so that no statement is large."""
    Step, Request = apps.get_model("approvals", "Step"), apps.get_model("approvals", "Request")
    theirs = Request.objects.filter(pk=OuterRef("request_id"))
    carried = {name: Subquery(theirs.values(name)) for name in ("amount", "closed_at")}
    last = Step.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, BATCH):
        Step.objects.filter(pk__gte=start, pk__lt=start + BATCH).update(**carried)


def relate(apps, schema_editor):
    """PostgreSQL is to know that what waits at no level is closed: taken as unrelated, "" would seem to be common."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE STATISTICS level_by_status (mcv) ON current_level, status FROM approvals_request")


def forget(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP STATISTICS IF EXISTS level_by_status")


def index(fields, name, condition=None):
    return migrations.AddIndex("step", models.Index(fields=fields, name=name, condition=condition))


IS_OPEN, IS_CLOSED = Q(closed_at__isnull=True), Q(closed_at__isnull=False)
DECIDED = Q(decided_by__isnull=False)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0010_last_write"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            "step",
            "amount",
            models.DecimalField(decimal_places=2, help_text="Its request's, to be found by.", max_digits=15, null=True),
        ),
        migrations.AddField(
            "step",
            "closed_at",
            models.DateTimeField(help_text="Its request's: written wherever that is written.", null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        index(["level", "request"], "open_chain", IS_OPEN),
        index(["level", "request"], "closed_chain", IS_CLOSED),
        index(["decided_by", "state", "request"], "decided_in_open", Q(closed_at__isnull=True, decided_by__isnull=False)),
        index(["on_behalf_of", "state", "request"], "decided_for_in_open", Q(closed_at__isnull=True, on_behalf_of__isnull=False)),
        index(["decided_by", "amount", "request"], "decided_by_amount", DECIDED),
        index(["decided_by", "request"], "decided_by_age", DECIDED),
        migrations.RunPython(relate, forget),
    ]
