"""What is known of the rows on screen: when their workflows last said the same, what was corrected, what is silent."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

MINUTE = 60.0
"""Seconds after which a row is asked for again."""
AGAIN = 5.0
"""Seconds after which one that did not answer is."""
OLD = 90.0
"""Seconds after which a confirmation does not count any more: the minute, and the time to be asked again."""
SHOWN = 60.0
"""Seconds for which a correction is shown."""
_KEPT, _SCREENS = 20_000, 100


@dataclass(frozen=True)
class Known:
    """One request. Times in epoch seconds, 0 for never. ``trouble``: why the last try gave no answer; "" if it did.

    ``written``: of which version of the row its workflow said the same. ``changed``: what was corrected, by name.
    """

    at: float = 0.0
    written: datetime | None = None
    trouble: str = ""
    tried: float = 0.0
    changed: tuple[str, ...] = ()
    corrected: float = 0.0
    screens: frozenset[Hashable] = frozenset()

    def due(self, written: datetime, now: float) -> bool:
        if self.trouble:
            return now - self.tried > AGAIN
        return written != self.written or now - self.at > MINUTE

    def confirmed(self, now: float) -> bool:
        """A row that was touched since still counts: by its own workflow, which is asked again in a moment."""
        return not self.trouble and now - self.at < OLD

    def corrected_lately(self, now: float) -> bool:
        return bool(self.changed) and now - self.corrected < SHOWN


NOTHING = Known()
MOVING = "moving"
"""No trouble: row and workflow differ for a moment, as they do whenever something happens."""

revision = 0
"""How often something was learnt that a list may say."""

_lock = threading.Lock()
_known: OrderedDict[int, Known] = OrderedDict()
_corrected: set[int] = set()


def known(pk: int) -> Known:
    return _known.get(pk, NOTHING)


def seen(pk: int, screen: Hashable) -> Known:
    """It is on this screen: if it is corrected and leaves, that is where it is told."""
    with _lock:
        found = _known.get(pk, NOTHING)
        if screen not in found.screens and len(found.screens) < _SCREENS:
            found = replace(found, screens=found.screens | {screen})
            _keep(pk, found)
        return found


def agrees(pk: int, written: datetime) -> None:
    now = time.time()
    with _lock:
        _keep(pk, replace(known(pk), at=now, tried=now, written=written, trouble=""))


def fails(pks: Iterable[int], trouble: str) -> None:
    now = time.time()
    with _lock:
        for pk in pks:
            _keep(pk, replace(known(pk), trouble=trouble, tried=now))


def is_corrected(pk: int, written: datetime, changed: Iterable[str]) -> None:
    now = time.time()
    with _lock:
        right = replace(known(pk), at=now, tried=now, written=written, trouble="")
        _keep(pk, replace(right, changed=tuple(changed), corrected=now))
        _corrected.add(pk)


def left(screen: Hashable, here: Iterable[int]) -> list[int]:
    """What stood on this screen, was corrected a moment ago, and stands there no more."""
    now = time.time()
    with _lock:
        for pk in [pk for pk in _corrected if not known(pk).corrected_lately(now)]:
            _corrected.discard(pk)
        return sorted(pk for pk in _corrected - set(here) if screen in known(pk).screens)


def forget() -> None:
    """For tests."""
    with _lock:
        _known.clear()
        _corrected.clear()


def _keep(pk: int, one: Known) -> None:
    global revision
    was, now = known(pk), time.time()
    if (was.trouble, was.confirmed(now), was.corrected) != (one.trouble, one.confirmed(now), one.corrected):
        revision += 1
    _known[pk] = one
    _known.move_to_end(pk)
    while len(_known) > _KEPT:
        _corrected.discard(_known.popitem(last=False)[0])
