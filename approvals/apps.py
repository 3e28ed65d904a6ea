"""Approvals registers what the worker calls: its recording services, its chores, and everybody's actions."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import (
            absence_notices,
            conversation_notices,
            notices,
            receivers,
            reconcile,
            recording,
            sending,
            sharing,
        )
        from worker import registry

        autodiscover_modules("actions")
        receivers.connect()
        sharing.connect()
        notices.connect()
        conversation_notices.connect()
        absence_notices.connect()
        for service in (
            recording.open_request,
            recording.open_level,
            recording.record_claims,
            recording.expire_level,
            recording.run_action,
            recording.action_ended,
            recording.close_request,
        ):
            registry.handler(f"approvals.{service.__name__}", service)
        registry.handler("approvals.reconcile", reconcile.on_schedule)
        registry.housekeeping("approvals.start_pending", sending.start_pending)
        registry.housekeeping("approvals.send_unsettled", sending.send_unsettled)
        registry.housekeeping("approvals.remind_due", notices.remind_due)
        registry.housekeeping("approvals.begin_due", absence_notices.begin_due)
