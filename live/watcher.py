"""Reads one region for one audience while somebody looks, and offers them what changed."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from live import reader
from live.once import remembering, shared
from live.regions import Region
from live.rendering import Outlook, Piece, render_for
from live.threads import reading

if TYPE_CHECKING:
    from live.viewer import Viewer

log = logging.getLogger(__name__)

GAP = 0.075
"""Seconds at least between two reads: a burst of nudges is one read."""

SLOW = 3.0
"""Seconds after which a read that has not ended counts as not working."""

_AGE = re.compile(r"(<time\b[^>]*\bdata-age=[^>]*>)[^<]*")
"""Said by the browser: that it grows older is no change."""


class Key(NamedTuple):
    """Viewers for whom all of this is equal see the same HTML, rendered once."""

    piece: Piece
    audience: Hashable
    outlook: Outlook


class Watcher:
    """Lives from its first viewer to its last."""

    def __init__(self, key: Key, region: Region) -> None:
        self.key, self.region = key, region
        self.viewers: set[Viewer] = set()
        self._joined: set[Viewer] = set()
        self._content: str | None = None
        self._woken = asyncio.Event()
        self._echo_at: float | None = None
        self._failed = False
        self._version: Hashable = None
        self._by_clock = True
        self._since: float | None = None
        self.task = asyncio.create_task(self._run(), name=f"watch {key.piece}")

    @property
    def audience(self) -> Hashable:
        return self.key.audience

    @property
    def stale(self) -> bool:
        """The last read failed, or one is taking too long: what is on the screen may be old."""
        return self._failed or (self._since is not None and time.monotonic() - self._since > SLOW)

    def add(self, viewer: "Viewer") -> None:
        """Sent afresh to this one, from a read that begins now: the page may be newer than the last read."""
        self.viewers.add(viewer)
        self._joined.add(viewer)
        self._woken.set()

    def remove(self, viewer: "Viewer") -> None:
        self.viewers.discard(viewer)
        self._joined.discard(viewer)

    def nudge(self) -> None:
        self._woken.set()
        if self.region.echo:
            self._echo_at = time.monotonic() + self.region.echo

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            await self._turn()
            await asyncio.sleep(GAP)
            try:
                async with asyncio.timeout(self._patience()):
                    await self._woken.wait()
            except TimeoutError:
                self._by_clock = True
                continue
            await asyncio.sleep(self.region.pause * random.uniform(0.5, 1.0))  # not all of them in one moment

    def _patience(self) -> float:
        """Seconds until the region's clock, or its echo, if that comes first."""
        clock = max(self.region.interval - GAP, 0.0)
        return clock if self._echo_at is None else min(clock, max(self._echo_at - time.monotonic(), 0.0))

    def _hear_echo(self) -> None:
        """The nudge's own answers are too early for its echo."""
        if self._echo_at is not None and time.monotonic() >= self._echo_at:
            self._echo_at = None
            reader.expire()

    async def _turn(self) -> None:
        self._hear_echo()
        joined, self._joined = self._joined, set()
        try:
            html = await self._read(always=bool(joined) or self._by_clock or self._failed)
        except Exception:
            self._say_failed()
            self._joined |= joined & self.viewers
            return
        self._failed = self._by_clock = False
        if html is None:
            return
        content = _AGE.sub(r"\1", html)
        changed, self._content = content != self._content, content
        for viewer in self.viewers if changed else joined & self.viewers:
            viewer.offer(self.key.piece.element_id, html)

    async def _read(self, *, always: bool) -> str | None:
        self._since = time.monotonic()
        try:
            return await reading.run(self._read_if_changed, always)
        finally:
            self._since = None

    def _read_if_changed(self, always: bool) -> str | None:
        """In a thread. None: by its version it is as it was; that is asked first, so nothing in between is missed."""
        with remembering(None if always else shared()):
            version = self.region.version(self.key.piece.key, self.key.audience)
            if not always and version is not None and version == self._version:
                return None
            html = render_for(self.region, *self.key)
        self._version = version
        return html

    def _say_failed(self) -> None:
        """Once per episode: a region that fails every second would else bury the log."""
        if not self._failed:
            log.exception("The region %s cannot be read; its viewers keep what they have.", self.key.piece)
        self._failed = True
