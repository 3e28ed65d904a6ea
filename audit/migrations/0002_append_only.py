"""The database itself refuses to change the ledger."""

from django.db import migrations

from audit import triggers


def install(_apps, schema_editor):
    triggers.install(schema_editor.connection)


def remove(_apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
