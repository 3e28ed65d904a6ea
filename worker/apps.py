"""The worker as an app: it finds everybody's jobs, maps and reduces, so that the site can name what the workers run."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class WorkerConfig(AppConfig):
    name = "worker"

    def ready(self) -> None:
        from worker import registry
        from worker.payloads import clearing

        _configure_payloads()
        autodiscover_modules("jobs", "datasets")
        registry.housekeeping("worker.clear_datasets", clearing.clear_due)
        autodiscover_modules("mapreduce")


def _configure_payloads() -> None:
    from django.conf import settings

    from worker.payloads.config import config, threshold

    config.pack_from = threshold(settings.PAYLOAD_PACK_KB)
    config.move_from = threshold(settings.PAYLOAD_MOVE_KB)
    config.folder = settings.DATA_DIR / "payloads"
    config.bucket = settings.PAYLOAD_BUCKET
