"""The inbox in every order, and what is searched: texts, on SQLite with FTS5, on PostgreSQL with pg_trgm."""

from django.db import DatabaseError, OperationalError, migrations, models, transaction
from django.db.models import Q

from approvals.searched import text_of

_FTS = [
    "CREATE VIRTUAL TABLE approvals_search USING fts5("
    "text, who, content='approvals_searchtext', content_rowid='request_id', prefix='1 2 3')",
    "CREATE TRIGGER approvals_search_new AFTER INSERT ON approvals_searchtext BEGIN"
    " INSERT INTO approvals_search(rowid, text, who) VALUES (new.request_id, new.text, new.who); END",
    "CREATE TRIGGER approvals_search_gone AFTER DELETE ON approvals_searchtext BEGIN"
    " INSERT INTO approvals_search(approvals_search, rowid, text, who)"
    " VALUES ('delete', old.request_id, old.text, old.who); END",
    "CREATE TRIGGER approvals_search_other AFTER UPDATE ON approvals_searchtext BEGIN"
    " INSERT INTO approvals_search(approvals_search, rowid, text, who)"
    " VALUES ('delete', old.request_id, old.text, old.who);"
    " INSERT INTO approvals_search(rowid, text, who) VALUES (new.request_id, new.text, new.who); END",
]
_TRIGRAMS = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX approvals_search ON approvals_searchtext USING gin (text gin_trgm_ops, who gin_trgm_ops)",
]


def index(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        try:
            for statement in _FTS:
                schema_editor.execute(statement)
        except OperationalError as error:
            if "no such module" not in str(error):
                raise
            print("\n    This SQLite has no FTS5: search goes through all texts, and is slower.", end="")
    elif connection.vendor == "postgresql":
        try:
            with transaction.atomic(using=connection.alias):
                for statement in _TRIGRAMS:
                    schema_editor.execute(statement)
        except DatabaseError as error:
            print(f"\n    Search goes through all texts, and is slower, for pg_trgm is not to be had: {error}", end="")


def fill(apps, schema_editor):
    Request, SearchText = apps.get_model("approvals", "Request"), apps.get_model("approvals", "SearchText")
    rows = Request.objects.select_related("requester").order_by("pk").iterator(chunk_size=500)
    part = []
    for row in rows:
        said = text_of(row)
        part.append(SearchText(request_id=row.pk, text=said.text, who=said.who))
        if len(part) == 500:
            SearchText.objects.bulk_create(part)
            part = []
    SearchText.objects.bulk_create(part)


def unindex(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE IF EXISTS approvals_search")


class Migration(migrations.Migration):
    dependencies = [("approvals", "0005_reconciler")]
    operations = [
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="searched",
                        serialize=False,
                        to="approvals.request",
                    ),
                ),
                ("text", models.TextField()),
                ("who", models.TextField()),
            ],
        ),
        migrations.RunPython(index, unindex),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *[
            migrations.AddIndex(model_name=model, index=models.Index(fields=fields, name=name, condition=condition))
            for model, fields, name, condition in [
                ("request", ["kind", "id"], "by_kind", None),
                ("request", ["current_level", "amount", "id"], "waiting_by_amount", Q(closed_at__isnull=True)),
                ("request", ["current_level", "id"], "waiting_by_age", Q(closed_at__isnull=True)),
                ("request", ["amount", "id"], "open_by_amount", Q(closed_at__isnull=True)),
                ("request", ["id"], "open_by_age", Q(closed_at__isnull=True)),
                ("request", ["amount", "id"], "closed_by_amount", Q(closed_at__isnull=False)),
                ("step", ["request", "decided_by"], "by_whom", None),
                ("step", ["decided_by", "-decided_at"], "decided_by_time", Q(decided_by__isnull=False)),
            ]
        ],
    ]
