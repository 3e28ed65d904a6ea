"""The policy that says who approves batches, before anybody changes it: as the default one, and no program overrides it."""

from django.db import migrations

DAY = 86_400
LEVELS = [("manager", 0), ("director", 10_000), ("vp", 100_000), ("ceo", 1_000_000)]


def fill(apps, schema_editor):
    Policy = apps.get_model("approvals", "Policy")
    if Policy.objects.filter(kind="batch").exists():
        return
    policy = Policy.objects.create(kind="batch", title="Batches", currency="EUR", overrides_allowed=False)
    for rank, (name, from_amount) in enumerate(LEVELS, start=1):
        if level := apps.get_model("approvals", "Level").objects.filter(name=name).first():
            apps.get_model("approvals", "Tier").objects.create(
                policy=policy, level=level, position=rank, from_amount=from_amount, timeout_seconds=DAY
            )


class Migration(migrations.Migration):
    dependencies = [("batches", "0014_release"), ("approvals", "0011_chains")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
