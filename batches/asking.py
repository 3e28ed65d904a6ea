"""What the list of batches is asked for: view, search and place, as they stand in its address."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

ALL, NEEDS, HELD, RUNNING, ENDED = "all", "needs", "held", "running", "ended"
VIEWS = (ALL, NEEDS, HELD, RUNNING, ENDED)
"""``held``: somebody has to approve them before they begin."""
LONGEST = {"view": 10, "q": 120, "after": 20}


@dataclass(frozen=True)
class Asked:
    """Each can be used as it is. ``after``: where the page begins, see ``place``."""

    view: str = ALL
    q: str = ""
    after: str = ""

    @property
    def key(self) -> str:
        """The same question is the same key."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({name: value for name, value in given.items() if value and (name, value) != ("view", ALL)})

    def but(self, **changed: str) -> "Asked":
        """Another view or another search begins at its first page."""
        return replace(self, **{"after": "", **changed})

    @property
    def place(self) -> tuple[bool, int] | None:
        """Whether it is among those that have ended, and the number after which the page begins."""
        return (self.after[0] == "e", int(self.after[1:])) if self.after else None


def after(ended: bool, pk: int) -> str:
    return f"{'e' if ended else 'o'}{pk}"


def read(given: Mapping[str, Any]) -> Asked:
    """Of whatever an address says, what can be used."""
    texts = {name: _text(given.get(name, ""), most) for name, most in LONGEST.items()}
    view = texts["view"] if texts["view"] in VIEWS else ALL
    return Asked(view, texts["q"], texts["after"] if _is_place(texts["after"]) else "")


def of_key(key: str) -> Asked | None:
    """What a region's key asks for; None if it is not exactly how ``Asked.key`` writes it."""
    asked = read(dict(parse_qsl(key)))
    return asked if asked.key == key else None


def _text(value: Any, most: int) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in str(value)[:1_000])
    return " ".join(plain.split())[:most].strip()


def _is_place(text: str) -> bool:
    number = text[1:]
    return text[:1] in ("o", "e") and number.isascii() and number.isdigit() and len(number) < 19
