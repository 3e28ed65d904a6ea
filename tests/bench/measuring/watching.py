"""Many look at their inboxes while somebody decides: when is it on the page of each?"""

import asyncio
import time
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from tests.bench.measuring.house import House
from tests.bench.measuring.table import Table, median, ms, p95

LEVELS, KINDS = ("manager", "director", "vp", "ceo"), 5
"""Four levels, each for all kinds or for "default" and one more: twenty audiences."""
PATIENCE = 10.0
PIECES = ("badge", "inbox:open", "inbox-own:open")


class Watcher:
    """One open inbox; remembers when a request was first shown as approved by its manager."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie
        self.painted = asyncio.Event()
        self.seen: dict[int, float] = {}
        self.wanted = 0
        self.shown = asyncio.Event()

    async def look(self, gate: asyncio.Semaphore) -> None:
        from websockets.asyncio.client import connect

        pieces = "&".join(f"region={quote(piece)}" for piece in PIECES)
        async with gate:
            socket = await connect(
                f"ws://127.0.0.1:{self.port}/live/?{pieces}",
                origin=f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
                additional_headers={"Cookie": f"sessionid={self.cookie}"},
                open_timeout=60,
                max_size=None,
            )
        async for frame in socket:
            self._take(str(frame))

    def _take(self, frame: str) -> None:
        if 'data-region="inbox:open"' not in frame:
            return
        self.painted.set()
        row = frame.partition(f'id="row-{self.wanted}"')[2].partition("</li>")[0]
        if self.wanted and "Manager: Approved" in row and self.wanted not in self.seen:
            self.seen[self.wanted] = time.perf_counter()
            self.shown.set()


async def decisions(house: House, table: Table, viewers: int, count: int) -> None:
    """Each by another manager than those who look; the viewers' own arithmetic is on the same cores."""
    requests = await asyncio.to_thread(house.requests, count + 10, 2_000_000.0)
    cookies = await asyncio.to_thread(_people, house, viewers)
    decider = await asyncio.to_thread(house.person, "decider", "manager")
    watchers = [Watcher(house.up.port, cookie) for cookie in cookies]
    gate = asyncio.Semaphore(20)
    begun = time.monotonic()
    tasks = [asyncio.create_task(one.look(gate)) for one in watchers]
    await asyncio.wait_for(asyncio.gather(*(one.painted.wait() for one in watchers)), 120)
    table.add(
        f"{viewers} inboxes of {len(LEVELS) * KINDS} audiences, until painted", f"{time.monotonic() - begun:.1f} s"
    )
    await asyncio.sleep(8)  # all is confirmed
    idle = await _busy(house, 10)
    used, since = house.processor("web"), time.monotonic()
    took, receipts, missed = await _decide(decider, watchers, requests[:count])
    each = (house.processor("web") - used - idle * (time.monotonic() - since)) / count
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    _tell(table, took, receipts, missed, idle, each)


async def _busy(house: House, seconds: float) -> float:
    before = house.processor("web")
    await asyncio.sleep(seconds)
    return (house.processor("web") - before) / seconds


async def _decide(
    decider: Any, watchers: list[Watcher], requests: Iterable[uuid.UUID]
) -> tuple[list[float], list[float], int]:
    """Seconds from the click to each page; until the receipt; and pages that never showed it."""
    took, receipts, missed = [], [], 0
    for one in requests:
        key = await asyncio.to_thread(_key, one)
        for watcher in watchers:
            watcher.wanted = key
            watcher.shown.clear()
        begun = time.perf_counter()
        await asyncio.to_thread(decider.decide, one, "manager")
        receipts.append(time.perf_counter() - begun)
        waiting = [asyncio.create_task(watcher.shown.wait()) for watcher in watchers]
        _done, late = await asyncio.wait(waiting, timeout=PATIENCE)
        for task in late:
            task.cancel()
        missed += len(late)
        took += [watcher.seen[key] - begun for watcher in watchers if key in watcher.seen]
        await asyncio.sleep(1)
    return took, receipts, missed


def _tell(table: Table, took: list[float], receipts: list[float], missed: int, idle: float, each: float) -> None:
    reach = p95(took)
    table.add("  … web server while nothing happens", f"{idle * 100:.0f} % of a core")
    table.add("  … its processor time for one decision, beyond that", ms(each))
    table.add(
        "  … until the decider's receipt, median and 95th percentile", f"{ms(median(receipts))}, {ms(p95(receipts))}"
    )
    table.add("  … from the click to every page, median", ms(median(took)))
    table.add("  … the same, 95th percentile", ms(reach), "<= 1 s", reach <= 1 and not missed)
    table.add("  … the same, worst; pages that never showed it", f"{ms(max(took))}; {missed}", "", None)


def _key(one: uuid.UUID) -> int:
    from approvals.models import Request

    return int(Request.objects.get(uuid=one).pk)


def _people(house: House, count: int) -> list[str]:
    """Sessions of so many people, the same number in each audience."""
    from django.contrib.auth.models import User

    from approvals.models import Level, LevelHolder

    levels = {level.name: level for level in Level.objects.all()}
    for number in range(count):
        name = f"viewer-{number}"
        house.person(name)
        group = number % (len(LEVELS) * KINDS)
        kind = group // len(LEVELS)
        LevelHolder.objects.create(
            user=User.objects.get(username=name),
            level=levels[LEVELS[group % len(LEVELS)]],
            kinds=f"default kind{kind}" if kind else "",
        )
    return [house.sessions[f"viewer-{number}"] for number in range(count)]
