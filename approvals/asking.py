"""What an inbox is asked for: view, sort, search, filters and place, as they stand in its address."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlencode

VIEWS = ("waiting", "open", "mine", "decided", "closed")
SORTS = {
    "waiting": ("due", "amount", "age"),
    "open": ("due", "amount", "age"),
    "mine": ("latest", "due", "amount", "age"),
    "decided": ("latest", "amount", "age"),
    "closed": ("latest", "amount"),
}
LONGEST = {"q": 120, "requester": 60, "after": 60}
_HIGHEST = Decimal(10) ** 13


@dataclass(frozen=True)
class Asked:
    """Texts as they stand in the address; every one that is not empty can be used as it is."""

    view: str = "waiting"
    sort: str = ""
    q: str = ""
    state: str = ""
    level: str = ""
    kind: str = ""
    requester: str = ""
    amount_from: str = ""
    amount_to: str = ""
    due_before: str = ""
    after: str = ""

    @property
    def order(self) -> str:
        return self.sort or SORTS[self.view][0]

    @property
    def narrowed(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    @property
    def filtered(self) -> bool:
        """By more than the search, which is seen without opening the filters."""
        return any(getattr(self, name) for name in FILTERS[1:])

    @property
    def key(self) -> str:
        """The same question is the same key: the view, and what differs from a plain one."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        more = urlencode({name: value for name, value in given.items() if value and name != "view"})
        return f"{self.view}?{more}" if more else self.view

    @property
    def query(self) -> str:
        """As it stands behind the ? of an address."""
        view, _mark, more = self.key.partition("?")
        return f"view={view}&{more}" if more else f"view={view}"

    def but(self, **changed: str) -> "Asked":
        """Another view, sort or filter: all else is kept, but the place, which meant the list as it was."""
        asked = replace(self, after="", **changed)
        return asked if asked.sort in SORTS[asked.view][1:] else replace(asked, sort="")


FILTERS = ("q", "state", "level", "kind", "requester", "amount_from", "amount_to", "due_before")


def read(given: Mapping[str, Any]) -> Asked:
    """Of whatever an address says, what can be used; the rest is as if it had not been said."""
    texts = {field.name: _text(field.name, given.get(field.name, "")) for field in fields(Asked)}
    texts["view"] = texts["view"] if texts["view"] in VIEWS else "waiting"
    texts["sort"] = texts["sort"] if texts["sort"] in SORTS[texts["view"]][1:] else ""
    for name, usable in (("amount_from", amount), ("amount_to", amount), ("due_before", day)):
        texts[name] = texts[name] if usable(texts[name]) is not None else ""
    return Asked(**texts)


def of_key(key: str) -> Asked | None:
    """What a region's key asks for; None if it is not exactly how ``Asked.key`` writes it."""
    view, _mark, more = key.partition("?")
    asked = read({**dict(parse_qsl(more)), "view": view})
    return asked if asked.key == key else None


def _text(name: str, value: Any) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in str(value)[:2_000])
    return " ".join(plain.split())[: LONGEST.get(name, 50)].strip()


def amount(text: str) -> Decimal | None:
    """ "1,200.50" and "1200.5" are amounts; what is no number, or none that a request can have, is None."""
    try:
        value = Decimal(text.replace(",", "").replace(" ", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < _HIGHEST else None


def day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9999 else None
