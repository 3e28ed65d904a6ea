"""Regions that exist in these tests only."""

import threading
from collections import Counter

from live.models import Pulse
from live.regions import Region, register

reads: Counter[str] = Counter()
broken = threading.Event()


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
