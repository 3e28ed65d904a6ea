"""From a row to Temporal: at once for who ordered it, and in the turn of a chore what was ordered while it was away."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from batches.models import Batch, DataSet
from worker import client

log = logging.getLogger(__name__)

R = TypeVar("R", Batch, DataSet)


def sent(row: R, send: Callable[[R], None]) -> bool:
    """False: later, by itself."""
    try:
        send(row)
    except client.ClientError as error:
        _not_yet(row, error)
        return False
    return True


def sent_of(rows: Iterable[R], send: Callable[[R], None]) -> int:
    """How many, up to the first for which Temporal could not be reached. One that is refused stands in nobody's way."""
    done = 0
    for row in rows:
        try:
            send(row)
        except client.Unreachable:
            break
        except client.ClientError as error:
            _not_yet(row, error)
            continue
        done += 1
    return done


def _not_yet(row: Batch | DataSet, error: client.ClientError) -> None:
    log.warning("What was ordered of %s is not sent yet: %s", row.reference, error)
