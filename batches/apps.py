"""Batches: their rows, and what the worker calls."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BatchesConfig(AppConfig):
    name = "batches"
    verbose_name = _("Batches")

    def ready(self) -> None:
        from approvals import panels, runs
        from batches import alarms, alone, beginning, budgets, clearing, failing, naming, reconciling, recording
        from batches.clock import connecting
        from batches.release import limits, panel, settling, strict
        from batches.sets import connecting as sets
        from batches.starting import sending as starting
        from batches.starting import uploads
        from batches.steering import sending
        from circuits import subjects
        from circuits.unread import reading
        from worker import registry

        connecting.connect()
        sets.connect()
        subjects.connect()
        reading.name_by(naming.workflows_called)
        runs.also(reconciling.compare)
        panels.register(limits.KIND, panel.TEMPLATE, panel.read)
        registry.handler("batches.begin", beginning.begin)
        registry.handler("batches.uuid_named", beginning.uuid_named)
        registry.handler("batches.wrong_service", budgets.wrong_service)
        registry.handler("batches.not_approved", strict.not_approved)
        registry.handler("batches.ask_service", budgets.ask)
        registry.handler("batches.take_calls", budgets.take)
        registry.handler("batches.record", recording.record)
        registry.handler("batches.record_child", alone.record_child)
        registry.handler("batches.record_failures", failing.record_failures)
        registry.handler("batches.find_failed", failing.find_failed)
        registry.handler("batches.failed_numbers", failing.failed_numbers)
        registry.handler("batches.first_failed", failing.first_failed)
        registry.housekeeping("batches.look_for_still", alarms.look)
        registry.housekeeping("batches.clear", clearing.clear_due)
        registry.housekeeping("batches.start_pending", starting.start_pending)
        registry.housekeeping("batches.settle_releases", settling.settle_closed)
        registry.housekeeping("batches.prune_uploads", uploads.prune_due)
        registry.housekeeping("batches.send_unsettled", sending.send_unsettled)
