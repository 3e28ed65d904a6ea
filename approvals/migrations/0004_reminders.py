"""When to remind those who have not decided; levels that are open already get their reminder too."""

from django.db import migrations, models


def fill(apps, schema_editor):
    Step = apps.get_model("approvals", "Step")
    waiting = Step.objects.filter(state="open", opened_at__isnull=False, deadline__isnull=False)
    for step in waiting.only("opened_at", "deadline").iterator():
        remind_at = step.opened_at + (step.deadline - step.opened_at) * 0.75
        Step.objects.filter(pk=step.pk).update(remind_at=remind_at)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_holders_and_versions")]
    operations = [
        migrations.AddField(
            model_name="step",
            name="remind_at",
            field=models.DateTimeField(help_text="Empty once it is done, or as long as it is not open.", null=True),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(condition=models.Q(("remind_at__isnull", False)), fields=["remind_at"], name="to_remind"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
