"""A data set too big for Temporal, in the demo: a million numbers are summed up by reference, and cleaned up."""

from django.conf import settings

from worker import client

WORKFLOW_ID = "demo-dataset"
SPEC = {"title": "A million numbers", "loader": "numbers", "loader_args": {"count": 1_000_000}, "processor": "sum"}


def begin() -> None:
    """Once, as long as Temporal remembers it."""
    queue = settings.TEMPORAL_TASK_QUEUE
    client.start("DatasetWorkflow", [SPEC], workflow_id=WORKFLOW_ID, task_queue=queue, timeout=5.0)
