"""What the worker calls of schedules, by name: the steps of a run, and the chores."""

from batches.clock import looking, running, sending
from worker import registry


def connect() -> None:
    registry.handler("schedules.begin", running.begin)
    registry.handler("schedules.stop", running.stop)
    registry.housekeeping("schedules.send", sending.send_unsent)
    registry.housekeeping("schedules.look", looking.look)
    registry.housekeeping("schedules.tell_ended", running.tell_ended)
