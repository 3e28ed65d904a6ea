"""Log lines that name the workflow and the run they belong to."""

import logging
from typing import Any

from temporalio import activity, workflow


class NamesTheRun(logging.Filter):
    """Appends workflow id and run id to what the SDK's loggers say, in place of their whole dictionary."""

    def filter(self, record: logging.LogRecord) -> bool:
        about: Any = getattr(record, "temporal_workflow", None) or getattr(record, "temporal_activity", None)
        if about:
            name(record, workflow_id=about.get("workflow_id"), run_id=_run(about))
        return True


def name(record: logging.LogRecord, **ids: Any) -> None:
    """Once, whichever handlers it comes by. ``said`` and ``ids`` keep apart what the line then says together."""
    known = record.__dict__.setdefault("ids", {})
    if known.keys() >= ids.keys():
        return
    known.update(ids)
    said = record.getMessage()
    record.__dict__.setdefault("said", said)
    record.msg, record.args = f"{said} [{' '.join(f'{key}={each}' for key, each in ids.items())}]", ()


def _run(about: dict[str, Any]) -> Any:
    return about.get("run_id") or about.get("workflow_run_id")


def name_the_runs() -> None:
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    for handler in logging.getLogger().handlers:
        handler.addFilter(NamesTheRun())
