"""An index of each person's open requests: counted on every inbox, and asked whether there are any."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0008_delegations")]

    operations = [
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                fields=["requester", "-id"], name="mine_open", condition=models.Q(closed_at__isnull=True)
            ),
        ),
    ]
