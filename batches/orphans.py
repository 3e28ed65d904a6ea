"""Children of batches whose workflow has ended: those that go on are found in Temporal, by their batch's policy."""

import logging
from collections.abc import Iterator
from typing import Any

from approvals.looking import AGREES, Found
from approvals.runs import Pace
from batches import alone, leaving, mending
from batches.models import Batch, State
from batches.recording import SIX
from live.writes import write
from worker import client
from worker.batch_children import CHILD, GO_ON_ALONE, ChildEnded, CountChild, read_child
from worker.batch_strategy import ABANDON, ACTIVITIES
from worker.chunks import children, ending
from worker.client import Described

log = logging.getLogger(__name__)


def left(row: Batch, why: str, *, dry: bool) -> Found | None:
    """Of one whose workflow somebody has ended: children still run. None: there are none, so it is to be closed."""
    if row.told.get("strategy", ACTIVITIES) == ACTIVITIES or not (running := list(_running(row))):
        return None
    number = len(running)
    if row.told.get("parent_close_policy") != ABANDON:
        return Found(f"{row.reference} is closed when its {number:,} children have ended. {why}")
    if dry:
        return Found(f"The {number:,} children of {row.reference} would be left to go on. {why}")
    _leave(row, running, why)
    return Found(f"The {number:,} children of {row.reference} go on by themselves. {why}", mended=True)


def _running(row: Batch) -> Iterator[Described]:
    query = f"WorkflowType = '{CHILD}' AND ExecutionStatus = 'Running' AND ParentWorkflowId = '{_quoted(row)}'"
    page, after = client.listed(query)
    yield from page
    while after:
        page, after = client.listed(query, after=after)
        yield from page


def _quoted(row: Batch) -> str:
    return row.workflow_id.replace("\\", "\\\\").replace("'", "\\'")


def _leave(row: Batch, running: list[Described], why: str) -> None:
    """What they run is as they were told; all else is counted from its notes. They are told that nobody waits."""
    known = [each for child in running if (each := _given(child)) and each["child"]["uuid"] == str(row.uuid)]
    counted = ending.look(str(row.uuid), but={each["child"]["round"] for each in known})
    with write():
        row = Batch.objects.select_for_update().get(pk=row.pk)
        if row.closed_at is not None or row.state == State.STARTED:
            return
        mending.count(row, counted)
        size = sum(alone.size_in(each) for each in known)
        row.running = min(size, row.pending)
        row.pending -= row.running
        result = {**mending.result_of(row, why), "status": State.TERMINATED}
        leaving.leave(row, known, result)
        row.told = {**row.told, **{name: getattr(row, name) for name in SIX}}
        row.save()
        mending.enter(row, "left", {"reason": why, **mending.numbers(row), **leaving.numbers(row)})
    for each in known:
        _tell(each["id"])


def _given(child: Described) -> dict[str, Any] | None:
    given = client.given_to(child.workflow_id, run_id=child.run_id)
    return alone.of_child(child.workflow_id, given[0] if given else None)


def _tell(id: str) -> None:
    """One that has just ended is found out by the next look."""
    try:
        client.signal(id, GO_ON_ALONE)
    except client.ClientError as error:
        log.info("A child of a batch could not be told that it goes on alone: %s", error)


# --- those that went on --------------------------------------------------------------------------------------------


def look(row: Batch, *, dry: bool, pace: Pace) -> Found:
    """Those that have ended and could not say so are counted from their notes; the last one closes the batch."""
    ended = []
    for round, each in sorted(row.alone.items()):
        pace.wait()
        if (how := _ended(each["id"])) is not None:
            ended.append((int(round), each, how))
    if dry or not (ended or not row.alone):
        said = f"{row.reference}: {len(ended):,} of its children have ended and would be counted."
        return Found(said) if ended else AGREES
    for round, each, how in ended:
        if child := read_child(each["child"]):
            done = children.count(CountChild(child, how))
            alone.record_child(ChildEnded(child.uuid, round, done))
    row.refresh_from_db()
    alone.finish(row)
    said = f"{len(ended):,} children of {row.reference} had ended without a word, and were counted."
    return Found(said, mended=True, changed=("children",)) if ended else AGREES


def _ended(id: str) -> str | None:
    """None: it runs. Else why what it did not run has failed; "": it is not run."""
    try:
        status = client.describe(id).status
    except client.NotFound:
        return ""
    if status in ("RUNNING", "CONTINUED_AS_NEW"):
        return None
    return "Its child workflow failed each time it was tried." if status == "FAILED" else ""
