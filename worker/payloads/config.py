"""From which size on a payload is packed, and from which it is kept outside Temporal, and where. Pure.

Set once when the site or a worker starts; without that, as where histories are replayed, everything stays as it is.
"""

from dataclasses import dataclass
from pathlib import Path

KB = 1_024
SMALLEST = 16 * KB
"""No threshold is lower: what requests and results ordinarily are must stay what any SDK reads."""


@dataclass
class Config:
    """Sizes in bytes, of what is sent; 0: never. ``bucket``: where the next is stored; else in ``folder``."""

    pack_from: int = 0
    move_from: int = 0
    folder: Path | None = None
    bucket: str = ""


config = Config()


def threshold(kilobytes: int) -> int:
    """In bytes."""
    return max(SMALLEST, kilobytes * KB) if kilobytes > 0 else 0
