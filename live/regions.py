"""What a live piece of a page is. An app's regions stand in its ``regions.py`` and are found like its ``admin.py``."""

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar, Protocol


class Viewer(Protocol):
    """A signed-in user, as far as a region may look."""

    pk: Any
    is_active: bool


class Region:
    """One live piece: the page includes its template, the stream renders the same template again when ``read`` changes.

    Holds state only: no form, no CSRF token, no decision id, nothing that takes the focus.
    """

    name: ClassVar[str]
    template: ClassVar[str]
    interval: ClassVar[float] = 1.0
    """Seconds between two reads when nothing nudges."""
    echo: ClassVar[float] = 0.0
    """Read once more so many seconds after a nudge, for what follows a commit by a moment: a workflow's own state."""

    pause: ClassVar[float] = 0.0
    """Seconds to let pass after a nudge: for what is each person's own, so that what many look at is read first."""

    def may_watch(self, user: Any, key: str) -> bool:
        """Asked at subscribe, and at least every 5 s while frames are delivered. Runs in a thread; may use the ORM."""
        raise NotImplementedError

    def audience(self, user: Any, key: str) -> Hashable:
        """What this user may see, as a value: equal audiences (and languages and time zones) share one rendering."""
        raise NotImplementedError

    def version(self, key: str, audience: Hashable) -> Hashable:
        """What is cheap to ask after a nudge: equal to that of the last read, nothing is read. None: always read.

        It may miss changes, which are found by the clock, but never those that a page must show at once.
        """
        return None

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        """The template's context, read afresh from the truth. Runs in a thread; may use the ORM and the reader."""
        raise NotImplementedError


_regions: dict[str, Region] = {}


def register(region: type[Region]) -> type[Region]:
    """A class decorator: makes the region known under its name. A second one of that name is refused."""
    if region.name in _regions:
        raise ValueError(f"There is a region {region.name!r} already: {type(_regions[region.name]).__name__}.")
    _regions[region.name] = region()
    return region


def find(name: str) -> Region | None:
    return _regions.get(name)
