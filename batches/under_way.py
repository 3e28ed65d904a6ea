"""What is known of the items within chunks that still run: they count when their chunk has ended. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batches.told import Told
from worker.chunks.notes import AT_ONCE
from worker.resilience.ranges import Ranges


@dataclass(frozen=True)
class UnderWay:
    """Of the items that count as running: so many have ended, that many of these failed. ``known``: somebody said."""

    running: int = 0
    ended: int = 0
    failed: int = 0
    chunks: int = 0
    known: bool = False

    @property
    def each(self) -> int:
        """Items of a chunk that run at once, at most."""
        return AT_ONCE

    @property
    def now(self) -> int:
        """So many are being run right now, at most."""
        open_ = self.running - self.ended
        return min(open_, self.each * self.chunks) if self.chunks else open_

    @property
    def rest(self) -> int:
        """Neither ended nor begun, or a few more: to be run by chunks that are under way."""
        return self.running - self.ended - self.now

    @property
    def differs(self) -> bool:
        """Not all that count as running are being run."""
        return bool(self.ended or self.rest)


def under_way(progress: Mapping[str, Any], beats: Sequence[Any] | None) -> UnderWay:
    """``beats``: what the heartbeats of chunks told last, older than ``progress`` perhaps. None: that is not known."""
    running, chunks = int(progress.get("running") or 0), int(progress.get("chunks_in_flight") or 0)
    now = Ranges(progress.get("chunks_running") or ())
    mine = [beat for beat in beats or () if _is_of(beat, None if progress.get("group_by") else now)]
    ended = min(sum(len(Ranges(beat["done"])) + int(beat.get("before") or 0) for beat in mine), running)
    failed = min(sum(int(beat["failed"]) + int(beat.get("failed_before") or 0) for beat in mine), ended)
    return UnderWay(running, ended, failed, chunks, beats is not None)


def uncounted(told: Told, failures: int) -> int:
    """Of what is written down as failed, what is counted when its chunk has ended; 0 where that is not known."""
    return max(0, failures - int(told.progress["failed"])) if told.live else 0


def _is_of(beat: Any, running: Ranges | None) -> bool:
    """What has ended meanwhile is counted already. None: chunks are not told, for its groups are children."""
    known = isinstance(beat, dict) and {"chunk", "done", "failed"} <= beat.keys()
    return known and (running is None or beat["chunk"] in running)
