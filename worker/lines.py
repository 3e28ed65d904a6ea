"""Log lines that name the workflow and the run they belong to."""

import logging
from typing import Any

from temporalio import activity, workflow


class NamesTheRun(logging.Filter):
    """Appends workflow id and run id to what the SDK's loggers say, in place of their whole dictionary."""

    def filter(self, record: logging.LogRecord) -> bool:
        about: Any = getattr(record, "temporal_workflow", None) or getattr(record, "temporal_activity", None)
        if about and not hasattr(record, "names_the_run"):
            record.names_the_run = True
            record.msg = f"{record.getMessage()} [workflow_id={about.get('workflow_id')} run_id={_run(about)}]"
            record.args = ()
        return True


def _run(about: dict[str, Any]) -> Any:
    return about.get("run_id") or about.get("workflow_run_id")


def name_the_runs() -> None:
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    for handler in logging.getLogger().handlers:
        handler.addFilter(NamesTheRun())
