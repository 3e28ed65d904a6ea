"""The hub of a process: who looks at what, who reads it for them, and what wakes the readers.

Correctness never depends on a nudge: every watcher also reads by its region's clock. A nudge makes it fast.
"""

import asyncio
from collections.abc import Callable, Hashable
from functools import partial

from live import grants, heads, once, reader
from live.granting import Granting
from live.heads import watch_head
from live.pulse import beat_for
from live.regions import find
from live.rendering import Piece
from live.viewer import Viewer
from live.watcher import Key, Watcher

__all__ = ["Hub", "end_session", "forget_grants", "hub", "look_again", "nudge", "watch_head"]


class Hub:
    """All viewers of one event loop, which is all viewers of the process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.viewers: set[Viewer] = set()
        self.watchers: dict[Key, Watcher] = {}
        self.granting = Granting(self.viewers)
        self._loop = loop
        self._tasks: list[asyncio.Task[None]] = []
        self._posted: set[Callable[[], None]] = set()

    def join(self, viewer: Viewer) -> None:
        if not self.viewers:
            going_on = (heads.follow(nudge), beat_for(self.viewers), self.granting.run())
            self._tasks = [asyncio.create_task(one) for one in going_on]
        self.viewers.add(viewer)

    def part(self, viewer: Viewer) -> None:
        """The last one switches off the light."""
        viewer.gone()
        self.viewers.discard(viewer)
        if not self.viewers:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def watch(self, viewer: Viewer, piece: Piece, audience: Hashable) -> Watcher:
        key = Key(piece, audience, viewer.outlook)
        if key not in self.watchers:
            region = find(piece.name)
            assert region is not None, "granted, so it is registered"
            self.watchers[key] = Watcher(key, region)
        self.watchers[key].add(viewer)
        return self.watchers[key]

    def leave(self, viewer: Viewer, watcher: Watcher) -> None:
        watcher.remove(viewer)
        if not watcher.viewers:
            watcher.task.cancel()
            del self.watchers[watcher.key]

    def post(self, wake: Callable[[], None]) -> bool:
        """Have this loop do it soon, once however often it is asked, from any thread. False: the loop has gone."""
        if wake in self._posted:
            return True
        self._posted.add(wake)
        try:
            self._loop.call_soon_threadsafe(self._do, wake)
        except RuntimeError:
            return False
        return True

    def _do(self, wake: Callable[[], None]) -> None:
        self._posted.discard(wake)
        wake()

    def wake_watchers(self) -> None:
        for watcher in self.watchers.values():
            watcher.nudge()

    def wake_region(self, name: str) -> None:
        for watcher in self.watchers.values():
            if watcher.key.piece.name == name:
                watcher.nudge()

    def wake_viewers(self) -> None:
        for viewer in self.viewers:
            viewer.recheck()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The running loop's hub. A server has one loop, so one hub; tests may have more."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


def nudge() -> None:
    """Something was written: have every watcher look. From any thread, at any rate; microseconds."""
    reader.expire()
    once.renew()
    for loop, one in list(_hubs.items()):
        if not one.post(one.wake_watchers):
            _hubs.pop(loop, None)


def look_again(region: str) -> None:
    """What this region shows beside the database has changed in this process. From any thread."""
    for loop, one in list(_hubs.items()):
        if not one.post(partial(one.wake_region, region)):
            _hubs.pop(loop, None)


def forget_grants(user_pk: object = None) -> None:
    """What people (or this user) may do has changed: nothing more is delivered before it was looked up again.

    In this process at once; in others within 5 s. Call it when the change is committed.
    """
    grants.forget(user_pk)
    _wake_viewers()


def end_session(session_key: str) -> None:
    """Nobody is signed in with this session any more: close its sockets."""
    grants.end(session_key)
    _wake_viewers()


def _wake_viewers() -> None:
    for loop, one in list(_hubs.items()):
        if not one.post(one.wake_viewers):
            _hubs.pop(loop, None)
