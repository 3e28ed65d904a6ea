"""One browser page on its socket: a slot per region that newer HTML overwrites, and the task that empties the slots."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from live import grants, outlooks
from live.rendering import Outlook, Piece, render_closed

if TYPE_CHECKING:
    from live.hub import Hub
    from live.watcher import Watcher

log = logging.getLogger(__name__)

GAP = 0.1
"""Seconds between two frames to one viewer: ten a second, however much changes."""

Send = Callable[[str], Awaitable[None]]


class Viewer:
    """What a page watches, what waits to be sent to it, and until when it may be."""

    def __init__(self, hub: "Hub", session_key: str, pieces: list[Piece], outlook: Outlook, send: Send) -> None:
        self.hub, self.session_key, self.pieces = hub, session_key, pieces
        self.outlook = self._usual = outlook
        self.watching: dict[Piece, Watcher] = {}
        self._send = send
        self._slots: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._grant: grants.Grant | None = None
        self._renewed: grants.Grant | None = None
        self._closed: set[Piece] = set()
        self._sending: asyncio.Timeout | None = None
        self._blind = False

    def offer(self, slot: str, html: str) -> None:
        """Overwrites what was not sent yet: a slow viewer gets less, never later."""
        self._slots[slot] = html
        self._changed.set()

    def recheck(self) -> None:
        """The grant may have been dropped: look now, and take back a frame that waits for a slow browser."""
        self._changed.set()
        if self._sending is not None and not self._sending.expired():
            self._sending.reschedule(asyncio.get_running_loop().time())

    def due(self, seconds: float) -> bool:
        """The grant runs out within so many seconds, and has not been renewed."""
        return self._grant is not None and self._renewed is None and self._grant.left() < seconds

    def renewed(self, answer: grants.Answer) -> None:
        """The grant was read again, unasked. Only this viewer's own task, between two frames, goes by the new one."""
        if isinstance(answer, grants.Grant):
            self._renewed = answer
            self._changed.set()
        elif answer is None:
            self._grant = None
            self.recheck()

    async def deliver(self) -> None:
        """Send until the session has ended. Between the look at the grant and the sending nothing else runs."""
        while await self._admitted():
            if await self._flush():
                await asyncio.sleep(GAP)
            await self._until_something()

    async def _admitted(self) -> bool:
        self._take_renewed()
        while self._grant is None or not self._grant.holds():
            answer = await self.hub.granting.ask(self)
            if answer is None:
                return False
            if isinstance(answer, Exception):
                self._say_blind(answer)
                await asyncio.sleep(1)
                continue
            self._blind = False
            self._take(answer)
        return True

    def _say_blind(self, error: Exception) -> None:
        if not self._blind:
            log.error("Permissions cannot be read: nothing is sent to this viewer until they can.", exc_info=error)
        self._blind = True

    def _take_renewed(self) -> None:
        """Unless a newer one was asked for meanwhile."""
        grant, self._renewed = self._renewed, None
        if grant is not None and (self._grant is None or grant.at > self._grant.at):
            self._take(grant)

    def _take(self, grant: grants.Grant) -> None:
        """Watch what the grant allows, for the audience that it says; show as closed what it does not."""
        self._grant = grant
        self.outlook = outlooks.outlook(grant.chosen, self._usual)
        for piece in self.pieces:
            if piece not in grant.audiences:
                self._close(piece)
                continue
            watcher = self.watching.get(piece)
            if watcher is None or (watcher.audience, watcher.key.outlook) != (grant.audiences[piece], self.outlook):
                self._leave(piece)
                self._closed.discard(piece)
                self.watching[piece] = self.hub.watch(self, piece, grant.audiences[piece])

    def _leave(self, piece: Piece) -> None:
        self._slots.pop(piece.element_id, None)
        if watcher := self.watching.pop(piece, None):
            self.hub.leave(self, watcher)

    def _close(self, piece: Piece) -> None:
        self._leave(piece)
        if piece not in self._closed:
            self._closed.add(piece)
            self.offer(piece.element_id, render_closed(piece, self.outlook))

    async def _flush(self) -> bool:
        """Whether anything was to be sent."""
        slots, self._slots = self._slots, {}
        self._changed.clear()
        if not slots:
            return False
        try:
            async with asyncio.timeout(self._left()) as self._sending:
                await self._send("".join(slots.values()))
        except TimeoutError:
            self._slots = slots | self._slots
        finally:
            self._sending = None
        return True

    async def _until_something(self) -> None:
        try:
            async with asyncio.timeout(self._left()):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _left(self) -> float:
        return max(self._grant.left(), 0.0) if self._grant else 0.0

    def gone(self) -> None:
        for piece in list(self.watching):
            self._leave(piece)
