"""Chunks that came together, in one thread: one by one, each with its notes as if it had come alone."""

import time
from dataclasses import asdict, replace
from typing import Any

from worker.batch_wire import ChunkDone, RunChunk
from worker.chunks.running import ChunkRun, several

LONG = 5.0
"""Seconds after which no other is begun: the batch hands it out again."""


class Several:
    """``stop()``: what is running ends, nothing more is begun. ``lose()``: somebody else has them."""

    def __init__(self, given: RunChunk) -> None:
        self.given = given
        self.stopping = self.lost = False
        self.done: list[ChunkDone] = []
        self._run = ChunkRun(replace(given, more=0))
        self._ended = self._failed = 0

    def stop(self) -> None:
        self.stopping = True
        self._run.stop()

    def lose(self) -> None:
        self.stopping = self.lost = True
        self._run.lose()

    def excuse(self) -> None:
        self._run.excuse()

    def run(self) -> ChunkDone:
        """Raises Overtaken where nobody waits for its answer any more."""
        until = time.monotonic() + LONG
        for given in several(self.given):
            self._next(replace(given, most_failed=self._may_fail()))
            done = self._run.run()
            self.done.append(done)
            self._ended, self._failed = self._ended + given.items, self._failed + done.failed
            if done.left or done.error or self._run.stopping or time.monotonic() > until:
                break
        return replace(self.done[0], more=self.done[1:])

    def _next(self, given: RunChunk) -> None:
        """Whoever asks to stop says so first and tells the run then: one of both is seen."""
        self._run = ChunkRun(given)
        if self.lost:
            self._run.lose()
        elif self.stopping:
            self._run.stop()

    def _may_fail(self) -> int | None:
        most = self.given.most_failed
        return None if most is None else max(0, most - self._failed)

    def beat(self) -> dict[str, Any]:
        """What a heartbeat tells: of the one that is run now, and how many items of those before it have ended."""
        run = self._run
        ended, failed = self.given.ended_before + self._ended, self.given.failed_before + self._failed
        before = {"before": ended, "failed_before": failed} if ended else {}
        return {"chunk": run.given.chunk, **asdict(run.progress), **before}
