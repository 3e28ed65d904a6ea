"""What a status means: done, worth another try, or final. Pure."""

import re
from dataclasses import dataclass
from functools import cached_property

from batches.http.templates import Wrong

SUCCESS, RETRY, FINAL = "success", "retry", "final"
_PATTERN = re.compile(r"[1-5](?:\d\d|xx)")
DEFAULTS = {"2xx": SUCCESS, "408": RETRY, "425": RETRY, "429": RETRY, "5xx": RETRY}


@dataclass(frozen=True)
class Statuses:
    given: dict[str, str]

    @cached_property
    def _known(self) -> dict[int, str]:
        return {}

    def of(self, status: int) -> str:
        """What is given goes before what is usual, and one status before its hundred."""
        return self._known.get(status) or self._known.setdefault(status, self._found(status))

    def _found(self, status: int) -> str:
        exact, hundred = str(status), f"{status // 100}xx"
        for known in (self.given, DEFAULTS):
            if found := known.get(exact) or known.get(hundred):
                return found
        return FINAL


def read(**lists: list[object] | None) -> Statuses:
    """Lists of statuses such as 404 or "4xx", by what they mean."""
    given: dict[str, str] = {}
    for meaning, listed in lists.items():
        for each in listed or ():
            pattern = str(each).strip().lower()
            if not _PATTERN.fullmatch(pattern):
                raise Wrong(f"{meaning!r} holds {each!r:.40}, which is no status: write 404 or 4xx.")
            if given.get(pattern, meaning) != meaning:
                raise Wrong(f"{pattern} stands in {given[pattern]!r} and in {meaning!r}: which is it?")
            given[pattern] = meaning
    return Statuses(given)
