from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_absence'),
    ]

    operations = [
        migrations.AddField(
            model_name='preferences',
            name='ops',
            field=models.BooleanField(default=True, verbose_name='a circuit opens, or no worker runs (for ops)'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='kind',
            field=models.CharField(choices=[('level_waits', 'a level waits'), ('outcome', 'outcome of a request'), ('reminder', 'reminder of a deadline'), ('question', 'question to the requester'), ('answer', 'answer to a question'), ('comment', 'comment on a request'), ('absence', 'who stands in for whom'), ('ops', 'a circuit or the workers need somebody'), ('reset', 'new password')], max_length=20),
        ),
    ]
