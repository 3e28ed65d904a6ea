"""How a write in another process is noticed: heads that are polled, and PostgreSQL's NOTIFY."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from django.db import connection

from live.threads import checking
from live.writes import CHANNEL

log = logging.getLogger(__name__)

OFTEN = 0.05
SELDOM = 1.0
"""Seconds between two looks: on SQLite, where nothing else tells (it costs microseconds); beside LISTEN, as a net."""

_sources: list[Callable[[], Any]] = []


def watch_head(source: Callable[[], Any]) -> None:
    """Have a change of this value nudge every watcher. On SQLite it is asked twenty times a second: keep it cheap."""
    _sources.append(source)


async def follow(nudge: Callable[[], None]) -> None:
    """Runs while the process has viewers."""
    if connection.vendor == "postgresql":
        await asyncio.gather(_listen(nudge), _poll(nudge, SELDOM))
    else:
        await _poll(nudge, OFTEN)


async def _poll(nudge: Callable[[], None], every: float) -> None:
    last, failed = await _heads(False)
    while True:
        await asyncio.sleep(every)
        now, failed = await _heads(failed)
        if not failed and now != last:
            last = now
            nudge()


async def _heads(failed_before: bool) -> tuple[list[Any], bool]:
    """Every head, and whether reading them failed."""
    try:
        return await checking.run(lambda: [source() for source in _sources]), False
    except Exception:
        if not failed_before:
            log.exception("The heads cannot be read; pages still read by their own clocks.")
        return [], True


async def _listen(nudge: Callable[[], None]) -> None:
    """On a connection of its own, made again when it breaks: behind a pooler LISTEN would hear nothing."""
    import psycopg

    pause = 0.5
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as listening:
                await listening.execute(f"LISTEN {CHANNEL}")
                pause = 0.5
                nudge()  # what was said while nobody listened
                async for _ in listening.notifies():
                    nudge()
        except (psycopg.Error, OSError) as error:
            log.warning("Listening to PostgreSQL broke off (%s); again in %.1f s.", error, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 30.0)


def _address() -> dict[str, Any]:
    """Django's own parameters, without what belongs to its cursors; keep-alives notice a server that went silently."""
    ours = {"cursor_factory", "context", "prepare_threshold"}
    params = {name: value for name, value in connection.get_connection_params().items() if name not in ours}
    return {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, **params}
