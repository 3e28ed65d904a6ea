"""What a batch's page says of its children: how many are open, and what becomes of them if it is cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.models import State
from batches.told import Told
from live.elsewhere import children_url
from worker.batch_strategy import ABANDON, ACTIVITIES, PER_ITEM, REQUEST_CANCEL, TERMINATE

IF_CANCELLED: Mapping[str, Any] = {
    TERMINATE: _("It ends for good: its children are ended at once, and what they run counts as not run."),
    REQUEST_CANCEL: _("It ends for good: its children end what they run, and that counts. Nothing new is begun."),
    ABANDON: _("It ends for good: nothing new is begun, but its open children go on by themselves, and still count."),
}


@dataclass(frozen=True)
class Children:
    """``open``: so many, with ``items``; ``policy`` as in the contract."""

    open: int
    items: int
    policy: str
    per_item: bool
    waits: bool
    group_by: str
    url: str

    @property
    def if_cancelled(self) -> Any:
        return IF_CANCELLED.get(self.policy, "")


def children_of(told: Told) -> Children | None:
    """None: it has none, for it runs its chunks itself."""
    said = {**told.row.spec, **told.progress}
    strategy = said.get("strategy") or ACTIVITIES
    if strategy == ACTIVITIES:
        return None
    alone = told.state == State.STARTED
    return Children(
        open=len(told.row.alone) if alone else int(said.get("chunks_in_flight") or 0),
        items=int(told.progress["running"]),
        policy=str(said.get("parent_close_policy") or TERMINATE),
        per_item=strategy == PER_ITEM,
        waits=said.get("wait") is not False,
        group_by=str(said.get("group_by") or ""),
        url=children_url(told.row.workflow_id) if told.row.first_run_id else "",
    )
