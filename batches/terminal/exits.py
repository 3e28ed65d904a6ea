"""The exit codes of ``manage.py batch``, and how a command is ended with one."""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from django.core.exceptions import ValidationError

from batches.models import HELD_BACK, Batch, State


class Exit(IntEnum):
    """Each means one thing, for scripts; documented in docs/contract.md."""

    OK = 0
    REFUSED = 1
    FAILED = 2
    CANCELLED = 3
    UNKNOWN = 4
    NOT_FOUND = 5
    SOME_FAILED = 6
    HELD_BACK = 7


class Stop(Exception):
    """It ends here, with a sentence for people; ``more`` is for programs."""

    def __init__(self, code: Exit, sentence: str, /, **more: Any) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.more = code, sentence, more


_ENDS = {
    State.FAILED: Exit.FAILED,
    State.INVALID: Exit.FAILED,
    State.CANCELLED: Exit.CANCELLED,
    State.TERMINATED: Exit.CANCELLED,
    State.DECLINED: Exit.CANCELLED,
}


def of_batch(row: Batch, *, strict: bool) -> Exit:
    """Of one that has not ended: OK, unless somebody has to approve it first.

    ``strict``: failed items count, though no more failed than is tolerated.
    """
    if row.closed_at is None:
        return Exit.HELD_BACK if row.state in HELD_BACK else Exit.OK
    found = _ENDS.get(State(row.state), Exit.OK)
    return Exit.SOME_FAILED if found == Exit.OK and strict and row.failed else found


def refused(errors: Mapping[str, Sequence[str]]) -> Stop:
    """A line for each sentence, with the option that it is about."""
    lines = [_line(name, str(said)) for name, sentences in errors.items() for said in sentences]
    return Stop(Exit.REFUSED, "\n".join(lines), errors={name: list(said) for name, said in errors.items()})


def not_valid(error: ValidationError) -> Stop:
    return refused(error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages})


_OPTIONS = {
    "item_key": "key", "form_id": "id", "order_id": "id", "limits": "", "tolerated_failure_rate": "tolerated",
    "map_activity": "map", "map_args": "map-arg", "reduce_activity": "reduce", "reduce_args": "reduce-arg",
}  # fmt: skip


def _line(name: str, said: str) -> str:
    """The contract's reader names the limit that it is about; here it is called by its option."""
    limit = re.match(r"(max_parallel|pace):? ", said) if name == "limits" else None
    return f"{_option(limit[1])}{said[limit.end() :]}" if limit else f"{_option(name)}{said}"


def _option(name: str) -> str:
    if name.startswith("pace-"):
        return "--pace: "
    option = _OPTIONS.get(name, name)
    unnamed = ("", "__all__", "source", "dataset", "action")
    return "" if option in unnamed else f"--{option.replace('_', '-')}: "
