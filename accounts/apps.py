"""Accounts gives pages their viewer's outlook, the outbox its courier, and the reset letter its writer."""

from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import posting, purging, reset, sending, writing, zones
        from accounts.models import Kind, Preferences
        from live import grants, outlooks
        from worker import registry

        outlooks.ask(zones.outlook_of)
        grants.prepare_with(zones.read_together)
        writing.register(Kind.RESET, reset.write)
        registry.housekeeping("accounts.send_letters", sending.courier.go)
        registry.housekeeping("accounts.send_webhooks", posting.postman.go)
        registry.housekeeping("accounts.purge", purging.purge_due)
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=Preferences, dispatch_uid=f"accounts.preferences.{id(signal)}")


def _changed(instance: Any, **_more: Any) -> None:
    """Open pages are shown in the new zone: their grant, which says it, is read again."""
    from live.hub import forget_grants

    user = instance.pk
    transaction.on_commit(lambda: forget_grants(user))
