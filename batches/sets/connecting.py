"""What the worker calls of data sets, by name, and what each run of the reconciler does."""

from approvals import runs
from batches.sets import reconciling, recording, sending
from worker import registry


def connect() -> None:
    registry.handler("datasets.record", recording.record)
    registry.housekeeping("datasets.send_waiting", sending.send_waiting)
    runs.also(reconciling.compare)
