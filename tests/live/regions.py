"""Regions that exist in these tests only."""

import threading
from collections import Counter
from datetime import datetime, timedelta

from django.utils import timezone

from live.models import Pulse
from live.regions import Region, register

reads: Counter[str] = Counter()
broken = threading.Event()
times: dict[str, datetime] = {}


def text(key: str) -> str:
    """What is written on the board of this key; rows of the live app serve as paper."""
    return Pulse.objects.filter(worker=f"board {key}").values_list("queues", flat=True).first() or "nothing"


@register
class Board(Region):
    """Whoever is in the group that the key names may look. Reads by nudges alone: its clock is too slow for a test."""

    name = "board"
    template = "tests_live/board.html"
    interval = 600.0

    def may_watch(self, user, key):
        return user.groups.filter(name=key).exists()

    def audience(self, user, key):
        return "with their name" if user.is_superuser else "everybody"

    def read(self, key, audience):
        reads[f"{key}, {audience}"] += 1
        if broken.is_set():
            raise RuntimeError("the board fell from the wall")
        return {"text": f"{text(key)} ({audience})"}


@register
class Clock(Board):
    """The same by the clock alone."""

    name = "clock"
    interval = 0.2


@register
class WithForm(Board):
    """Says which form its state wants; its ages change with every read, and must not count as a change."""

    name = "form"
    template = "tests_live/state.html"
    interval = 0.2

    def read(self, key, audience):
        reads["form"] += 1
        now = timezone.now()
        born = now.replace(microsecond=0)
        times.setdefault("ago", born - timedelta(minutes=3, seconds=5))
        times.setdefault("due", born + timedelta(hours=3, minutes=10, seconds=30))
        return {"text": text(key), "now": now, **times}


@register
class Picky(Board):
    """Its key is a number, it thinks."""

    name = "picky"

    def may_watch(self, user, key):
        return int(key) > 0


versions: dict[str, int] = {}


@register
class WithVersion(Board):
    """Reads after a nudge only if its version is another one; pauses, as what is each person's own does."""

    name = "versioned"
    pause = 0.2

    def version(self, key, audience):
        return versions.get(key, 0)
