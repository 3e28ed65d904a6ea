"""What comes down the socket, when, and what does not."""

import os
import subprocess
import sys
import time

from django.db import connection
from django.utils import timezone

from live import heads
from live.models import Pulse
from tests.live import regions
from tests.live.conftest import eventually, write_down

NOW = timezone.now()
ANOTHER_PROCESS = """
import django; django.setup()
from live.models import Pulse
from live.writes import write
with write():
    Pulse.objects.filter(worker="board red").update(queues="from another process")
"""


def test_a_write_is_on_every_page_that_shows_it(look, sign_in):
    pages = [look("board:red", cookie=sign_in(name, "red")[1]) for name in ("maria", "dirk")]
    for page in pages:
        page.until("nothing")
    write_down("forklift")
    for page in pages:
        page.until("forklift")


def test_two_viewers_of_one_audience_cost_one_read_per_change(look, sign_in):
    pages = [look("board:red", cookie=sign_in(name, "red")[1]) for name in ("maria", "dirk")]
    for page in pages:
        page.until("nothing")
    pages[0].pulses(1)
    before = regions.reads["red, everybody"]
    write_down("forklift")
    for page in pages:
        page.until("forklift")
    pages[0].pulses(1)
    assert regions.reads["red, everybody"] == before + 1


def test_it_sends_nothing_when_nothing_changed(look, sign_in):
    page = look("clock:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing", "region-clock-red")
    before = regions.reads["red, everybody"]
    page.pulses(3)
    assert regions.reads["red, everybody"] > before + 2, "it did look"
    assert len(page.versions("region-clock-red")) == 1


def test_a_region_reads_by_its_clock_when_nothing_nudges(look, sign_in):
    write_down("before")
    page = look("clock:red", cookie=sign_in("maria", "red")[1])
    page.until("before", "region-clock-red")
    Pulse.objects.filter(worker="board red").update(queues="unsaid")
    page.until("unsaid", "region-clock-red")


def test_a_page_that_comes_back_gets_everything_afresh(look, sign_in):
    cookie = sign_in("maria", "red", "blue")[1]
    stays = look("board:red", "board:blue", cookie=cookie)
    stays.until("nothing")
    dropped = look("board:red", "board:blue", cookie=cookie)
    dropped.until("nothing")
    dropped.close()
    again = look("board:red", "board:blue", cookie=cookie)
    again.until("nothing")
    again.until("nothing", "region-board-blue")
    stays.pulses(1)
    assert len(stays.versions()) == 1, "for the others nothing changed"


def test_somebody_new_never_sees_an_older_state_than_their_page(look, sign_in):
    """The watcher's last HTML may be older than the page that joins: it must be read again, not handed out."""
    cookie = sign_in("maria", "red")[1]
    write_down("old")
    look("board:red", cookie=cookie).until("old")
    Pulse.objects.filter(worker="board red").update(queues="new")  # nothing nudges
    page = look("board:red", cookie=cookie)
    page.until("new")
    assert len(page.versions()) == 1


def test_a_slow_viewer_is_overwritten_and_delays_nobody(look, sign_in):
    cookie = sign_in("maria", "red")[1]
    quick, slow = look("board:red", cookie=cookie), look("board:red", cookie=cookie, slow=True)
    quick.until("nothing")
    for number in range(40):
        write_down(f"version {number} " + "x" * 300_000)
        quick.until(f"version {number} ")
    slow.until("version 39 ")
    assert len(quick.versions()) == 41
    assert len(slow.versions()) < 30


def test_a_burst_comes_as_at_most_ten_frames_a_second(look, sign_in):
    page = look("board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing")
    started = time.monotonic()
    for number in range(100):
        write_down(f"version {number}.")
    page.until("version 99.")
    assert len(page.versions()) <= 3 + 10 * (time.monotonic() - started)


def test_a_region_that_raises_keeps_the_last_says_so_and_recovers(look, sign_in, caplog):
    page = look("clock:red", "board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing", "region-clock-red")
    page.until('data-state="no-worker"', "live-pulse")
    regions.broken.set()
    page.until_true(lambda: "region-clock-red" in _attribute(page.elements["live-pulse"]), "the pulse names it")
    page.pulses(2)
    assert "nothing" in page.elements["region-clock-red"]
    said = [record for record in caplog.records if "clock:red" in record.getMessage()]
    assert len(said) == 1, "once per episode"
    regions.broken.clear()
    write_down("well again")
    page.until("well again", "region-clock-red")
    page.until_true(lambda: _attribute(page.elements["live-pulse"]) == "", "the pulse is well")


def _attribute(pulse: str) -> str:
    return pulse.split('data-stale="')[1].split('"')[0]


def test_a_write_in_another_process_is_on_the_page(look, sign_in, monkeypatch):
    monkeypatch.setattr(heads, "_sources", [lambda: regions.text("red")])
    write_down("mine")
    page = look("board:red", cookie=sign_in("maria", "red")[1])
    page.until("mine")
    database = connection.settings_dict["NAME"]
    url = f"sqlite:///{database}" if connection.vendor == "sqlite" else _postgres_url(connection.settings_dict)
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS], env=environment, check=True, timeout=60)
    page.until("from another process")


def _postgres_url(settings: dict) -> str:
    who = f"{settings['USER']}:{settings['PASSWORD']}".rstrip(":")
    return f"postgres://{who}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


def test_the_pulse_comes_every_second_and_says_what_is_not_well(look, sign_in, monkeypatch):
    from datetime import UTC, datetime

    from live.services import beat

    page = look(cookie=sign_in("maria")[1])
    page.until('data-state="no-worker"', "live-pulse")
    now = datetime.now(UTC)
    beat(worker="w", host="h", pid=1, queues="leitstand", started_at=now, temporal_ok=True)
    page.until('data-state="live"', "live-pulse", limit=4.5)
    page.until('data-state="no-worker"', "live-pulse")
    monkeypatch.setattr("live.queries._temporal_answers", lambda: False)
    page.until('data-state="no-temporal"', "live-pulse")


def test_nothing_of_the_hub_is_left_when_the_last_viewer_has_gone(look, sign_in):
    from live.hub import _hubs

    page = look("board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing")
    hub = next(hub for hub in _hubs.values() if hub.viewers)
    assert hub.watchers
    page.close()
    eventually(lambda: not hub.viewers and not hub.watchers and not hub._tasks)


def test_after_a_nudge_a_region_is_read_only_if_its_version_is_another_one(look, sign_in):
    page = look("versioned:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing", "region-versioned-red")
    page.pulses(1)
    before = regions.reads["red, everybody"]
    write_down("of no concern")
    page.pulses(2)
    assert regions.reads["red, everybody"] == before
    regions.versions["red"] = regions.versions.get("red", 0) + 1
    write_down("news")
    page.until("news", "region-versioned-red")
    assert regions.reads["red, everybody"] == before + 1


def test_somebody_new_is_read_for_whatever_the_version_is(look, sign_in):
    look("versioned:red", cookie=sign_in("maria", "red")[1]).until("nothing", "region-versioned-red")
    Pulse.objects.update_or_create(
        worker="board red",
        defaults={"queues": "unsaid", "host": "", "pid": 1, **dict.fromkeys(("started_at", "at"), NOW)},
    )
    look("versioned:red", cookie=sign_in("dirk", "red")[1]).until("unsaid", "region-versioned-red")
