"""What PostgreSQL adds: a write in any process is heard in all others, through a broken connection too."""

import asyncio
import os
import subprocess
import sys
import uuid

import psycopg
import pytest

from live import heads

SERVER = os.environ.get("LEITSTAND_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432")
WRITE = "import django; django.setup()\nfrom live.writes import write\nwith write(): pass"
QUIET = "import django; django.setup()\nfrom live.writes import write\nwith write(nudge=False): pass"


@pytest.fixture
def database():
    """A database of the test's own, where a PostgreSQL answers; on CI one must."""
    name = f"leitstand_live_{uuid.uuid4().hex[:12]}"
    try:
        server = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL answers on 127.0.0.1:5432")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{SERVER}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def heard(database, monkeypatch):
    """What the hub hears while it listens: a queue with one entry per nudge."""
    nudges: asyncio.Queue[None] = asyncio.Queue()
    monkeypatch.setattr(heads, "_address", lambda: {"conninfo": database})
    listening = asyncio.create_task(heads._listen(lambda: nudges.put_nowait(None)))
    await asyncio.wait_for(nudges.get(), 15)  # it listens now
    yield nudges
    listening.cancel()
    await asyncio.wait([listening])


async def in_another_process(program: str, database: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    command = [sys.executable, "-c", program]
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=60)


async def test_a_write_in_another_process_is_heard(database, heard):
    await in_another_process(WRITE, database)
    await asyncio.wait_for(heard.get(), 15)


async def test_a_write_that_is_nobodys_news_is_not(database, heard):
    await in_another_process(QUIET, database)
    await in_another_process(WRITE, database)
    await asyncio.wait_for(heard.get(), 15)
    assert heard.empty(), "one for the second, none for the first"


async def test_it_listens_again_after_the_connection_broke(database, heard):
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN leitstand'")
        await asyncio.wait_for(heard.get(), 15)  # it looks at once: something may have been said meanwhile
        other.execute("NOTIFY leitstand")
        await asyncio.wait_for(heard.get(), 15)


def test_djangos_own_parameters_open_the_listening_connection(database):
    """The product's way to its address, cursors and pool left out."""
    program = (
        "import asyncio, django; django.setup()\nfrom live import heads\n"
        "async def main():\n"
        "    heard = asyncio.Event()\n"
        "    task = asyncio.create_task(heads.follow(heard.set))\n"
        "    await asyncio.wait_for(heard.wait(), 15)\n"
        "asyncio.run(main())"
    )
    asyncio.run(in_another_process(program, database))
