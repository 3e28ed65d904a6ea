"""An index of the last write: whether anything has changed is asked after every nudge, for every open list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0009_own_open")]

    operations = [
        migrations.AddIndex(model_name="request", index=models.Index(fields=["-updated_at"], name="by_last_write")),
    ]
