"""The ledger, made known to the house: its sealing to the workers, its head to the live pages."""

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from audit import checking, queries, services
        from live import hub
        from worker import registry

        autodiscover_modules("naming")
        hub.watch_head(queries.head)
        registry.housekeeping("audit.seal", services.seal_due)
        registry.housekeeping("audit.check", checking.check_due)
        post_migrate.connect(_keep_triggers, sender=self)


def _keep_triggers(using: str, **_kwargs: object) -> None:
    """A later migration that rebuilds a table on SQLite drops its triggers without a word: put them back."""
    from django.db import connections

    from audit import triggers

    connection: BaseDatabaseWrapper = connections[using]
    if "audit_seal" in connection.introspection.table_names():
        triggers.install(connection)
