"""Reads grants together: for all viewers that ask at this moment, and for those whose grant is about to run out."""

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from live import grants
from live.threads import granting

if TYPE_CHECKING:
    from live.viewer import Viewer

EVERY = 0.5
"""Seconds between two looks at what runs out."""

AHEAD = 1.0
"""Seconds: a grant that has less left is renewed, so that nothing that is to be sent waits for it."""

MOST = 100
"""Viewers of one batch: what it computes keeps the loop from sending."""


class Granting:
    """Of one hub. One batch at a time, so a later answer is never older than an earlier one."""

    def __init__(self, viewers: Collection["Viewer"]) -> None:
        self._viewers = viewers
        self._asking: dict[Viewer, asyncio.Future[grants.Answer]] = {}
        self._wanted = asyncio.Event()

    async def ask(self, viewer: "Viewer") -> grants.Answer:
        """With the next batch, which begins as soon as the one that is being read has ended."""
        answer: asyncio.Future[grants.Answer] = asyncio.get_running_loop().create_future()
        self._asking[viewer] = answer
        self._wanted.set()
        try:
            return await answer
        finally:
            self._asking.pop(viewer, None)

    async def run(self) -> None:
        """While there are viewers."""
        while True:
            try:
                async with asyncio.timeout(EVERY):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            await self._batch()

    async def _batch(self) -> None:
        """Whoever asks goes first; a full batch is followed by the next at once."""
        asking = {viewer: self._asking.pop(viewer) for viewer in list(self._asking)[:MOST]}
        due = [viewer for viewer in self._viewers if viewer not in asking and viewer.due(AHEAD)]
        batch = [*asking, *due[: MOST - len(asking)]]
        if len(batch) == MOST:
            self._wanted.set()
        if not batch:
            return
        for viewer, answer in zip(batch, await _read(batch), strict=True):
            if viewer not in asking:
                viewer.renewed(answer)
            elif not asking[viewer].done():
                asking[viewer].set_result(answer)


async def _read(batch: "Sequence[Viewer]") -> Sequence[grants.Answer]:
    try:
        return await granting.run(grants.check, [grants.Asked(one.session_key, one.pieces) for one in batch])
    except Exception as error:
        return [error] * len(batch)
