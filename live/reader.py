"""The one reader per workflow per process: pages and streams ask here, so the cost does not grow with viewers.

Temporal buffers one query per busy workflow (2 readers at once: 17 ms, 4: 924 ms, 8: "buffer is full"), so one question
is out per workflow at any time; whoever asks meanwhile waits for a turn, and takes the answer to the same question.
"""

import json
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker import client

DEADLINE = 1.5
"""Seconds. With no worker alive a query would wait for ever."""

FRESH_FOR = 0.5
COOL_DOWN = 1.0
"""Seconds after a failure in which the last known answer is given at once: ten pieces of a page wait once."""

_WORKFLOWS = 5_000
_QUESTIONS = 20


@dataclass(frozen=True)
class Reading:
    """What a workflow said, and when it was asked (epoch seconds, 0: never). Not fresh: last known, by ``error``.

    ``gone``: there is no such workflow, or it has ended, so that nobody will answer.
    """

    value: Any = None
    at: float = 0.0
    fresh: bool = False
    error: str = ""
    gone: bool = False

    @property
    def known(self) -> bool:
        return self.at > 0


@dataclass
class _Answer:
    reading: Reading
    asked: float
    """On the monotonic clock."""
    failed: float = float("-inf")


@dataclass
class _Workflow:
    turn: threading.Lock = field(default_factory=threading.Lock)
    answers: OrderedDict[str, _Answer] = field(default_factory=OrderedDict)


_lock = threading.Lock()
_known: OrderedDict[tuple[str, str], _Workflow] = OrderedDict()
_changed = float("-inf")


def expire() -> None:
    """Something was written just now: answers from before no longer count as fresh (the hub says so on a nudge)."""
    global _changed
    _changed = time.monotonic()


def clear() -> None:
    """Forget everything, for tests."""
    with _lock:
        _known.clear()


def read(
    workflow_id: str,
    query: str,
    args: Sequence[Any] = (),
    *,
    run_id: str = "",
    max_age: float | None = None,
    patient: bool = True,
) -> Reading:
    """Ask a workflow, from any thread but an event loop's. Temporal's failures do not raise: see ``fresh``, ``error``.

    An answer from the last half second will do if nothing was written since; ``max_age`` says how many seconds will do
    whatever was written (0: asked after this call began). Not ``patient``: one call at most, busy is no answer.
    """
    start = time.monotonic()
    newest_wanted = max(start - FRESH_FOR, _changed) if max_age is None else start - max_age
    workflow, question = _workflow(workflow_id, run_id), json.dumps([query, list(args)], default=str)
    found = _usable(workflow, question, newest_wanted, start)
    if found is not None:
        return found
    if not workflow.turn.acquire(timeout=DEADLINE):
        return _last_known(workflow, question, "The workflow is busy answering others.")
    try:
        return _usable(workflow, question, newest_wanted, start) or _ask(
            workflow, question, (workflow_id, query, args, run_id), start + DEADLINE, patient
        )
    finally:
        workflow.turn.release()


def last_known(workflow_id: str, query: str, args: Sequence[Any] = (), *, run_id: str = "") -> Reading:
    """What it said last, however long ago; nobody is asked. Not fresh."""
    question = json.dumps([query, list(args)], default=str)
    return _last_known(_workflow(workflow_id, run_id), question, "")


def _workflow(workflow_id: str, run_id: str) -> _Workflow:
    with _lock:
        workflow = _known.setdefault((workflow_id, run_id), _Workflow())
        _known.move_to_end((workflow_id, run_id))
        while len(_known) > _WORKFLOWS:
            _known.popitem(last=False)
        return workflow


def _usable(workflow: _Workflow, question: str, newest_wanted: float, now: float) -> Reading | None:
    """An answer that will do; while a failure is fresh, the last known one."""
    answer = workflow.answers.get(question)
    if answer is None:
        return None
    if answer.reading.fresh and answer.asked >= newest_wanted:
        return answer.reading
    return answer.reading if not answer.reading.fresh and answer.failed > now - COOL_DOWN else None


def _last_known(workflow: _Workflow, question: str, error: str, gone: bool = False) -> Reading:
    answer = workflow.answers.get(question)
    return replace(answer.reading if answer else Reading(), fresh=False, error=error, gone=gone)


def _ask(
    workflow: _Workflow, question: str, call: tuple[str, str, Sequence[Any], str], until: float, patient: bool
) -> Reading:
    asked, at = time.monotonic(), time.time()
    try:
        answer = _Answer(Reading(_query(*call, until, patient), at, fresh=True), asked)
    except client.ClientError as error:
        gone = isinstance(error, client.NotFound)
        answer = _Answer(_last_known(workflow, question, str(error), gone), asked, failed=time.monotonic())
    with _lock:
        workflow.answers[question] = answer
        workflow.answers.move_to_end(question)
        while len(workflow.answers) > _QUESTIONS:
            workflow.answers.popitem(last=False)
    return answer.reading


def _query(workflow_id: str, query: str, args: Sequence[Any], run_id: str, until: float, patient: bool) -> Any:
    """Ask until the deadline; "busy" is asked again after a moment that differs from everybody else's."""
    while True:
        left = max(until - time.monotonic(), 0.05)
        try:
            return client.query(workflow_id, query, args, run_id=run_id, timeout=left)
        except client.Busy:
            pause = random.uniform(0.03, 0.15)
            if not patient or time.monotonic() + pause >= until:
                raise
            time.sleep(pause)
