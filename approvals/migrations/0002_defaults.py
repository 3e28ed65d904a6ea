"""The contract's levels and default policy, and the groups that the site knows."""

from django.db import migrations

DAY = 86_400
LEVELS = [
    ("manager", "Manager", 0),
    ("director", "Director", 10_000),
    ("vp", "VP", 100_000),
    ("ceo", "CEO", 1_000_000),
]


def fill(apps, schema_editor):
    Level = apps.get_model("approvals", "Level")
    Tier = apps.get_model("approvals", "Tier")
    policy = apps.get_model("approvals", "Policy").objects.create(kind="default", title="Default", currency="EUR")
    for rank, (name, title, from_amount) in enumerate(LEVELS, start=1):
        level = Level.objects.create(name=name, title=title, rank=rank)
        Tier.objects.create(policy=policy, level=level, position=rank, from_amount=from_amount, timeout_seconds=DAY)
    for name in ("ops", "auditors"):
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
