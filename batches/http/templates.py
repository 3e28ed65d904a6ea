"""Templates of calls: texts with ``{item}``, ``{item.column}``, ``{key}``, and in headers ``{secret.NAME}``. Pure.

Whatever is filled in stays what it is: a part of a path, a value in JSON, never a path or JSON of its own.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from worker.compact import dumps

LONGEST = 100_000
_HOLE = re.compile(r"\{(item|key|secret)(?:\.([^{}]{1,200}))?\}")
_STRING = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Wrong(Exception):
    """A template that cannot be read, or an item that does not fit it: in words."""


@dataclass(frozen=True)
class Hole:
    """``inside``: within a text of JSON, or in the path of a URL."""

    kind: str
    name: str
    inside: bool = False


@dataclass(frozen=True)
class Template:
    """Texts and holes in turn; ``where`` is what people call it."""

    where: str
    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> Iterator[Hole]:
        return (part for part in self.parts if isinstance(part, Hole))

    @property
    def columns(self) -> list[str]:
        return [hole.name for hole in self.holes if hole.kind == "item" and hole.name]

    def value(self, hole: Hole, item: Any, key: str) -> Any:
        """What the hole is filled with; raises Wrong where the item has none."""
        if hole.kind == "key":
            return key
        if not hole.name:
            return item
        if not isinstance(item, dict) or hole.name not in item:
            raise Wrong(f"The item has no {hole.name!r}, which the {self.where} names.")
        return item[hole.name]


def read(where: str, text: str, *, secrets: bool = False) -> Template:
    """Raises Wrong. Braces that name nothing are texts: JSON is full of them."""
    if len(text) > LONGEST:
        raise Wrong(f"The {where} is longer than {LONGEST:,} characters.")
    parts: list[str | Hole] = []
    at = 0
    for found in _HOLE.finditer(text):
        kind, name = found[1], found[2] or ""
        if kind == "secret" and not (secrets and name):
            raise Wrong(f"The {where} cannot hold {found[0]}: secrets stand in headers only, by their name.")
        if kind == "key" and name:
            raise Wrong(f"The {where} cannot hold {found[0]}: the key has no parts.")
        parts += [text[at : found.start()], Hole(kind, name)]
        at = found.end()
    return Template(where, (*parts, text[at:]))


def strict(template: Template) -> Template:
    """Where no other braces have a meaning, one that names nothing is a slip."""
    for part in template.parts:
        if isinstance(part, str) and (found := re.search(r"[{}]", part)):
            near = part[found.start() : found.start() + 40]
            raise Wrong(f"The {template.where} holds {near!r}: write {{item.column}}, {{item}} or {{key}}.")
    return template


# --- URLs --------------------------------------------------------------------------------------------------------


def read_url(text: str) -> Template:
    """Who is called stands in the template itself, whatever the items say."""
    found = strict(read("url", text))
    first = found.parts[0]
    if not isinstance(first, str) or not re.match(r"https?://[^/?#{}]+(?:[/?]|$)", first, re.IGNORECASE):
        raise Wrong("The url begins with https:// and a host, which no item can name.")
    if len(found.parts) > 1 and not re.match(r"https?://[^/?#]+[/?]", first, re.IGNORECASE):
        raise Wrong("The url begins with https:// and a host, which no item can name.")
    parts, query = list[str | Hole](), False
    for part in found.parts:
        if isinstance(part, str):
            query = query or "?" in part
            parts.append(part)
        else:
            parts.append(Hole(part.kind, part.name, not query))
    return Template("url", tuple(parts))


def fill_url(template: Template, item: Any, key: str) -> str:
    filled = ""
    for part in template.parts:
        if isinstance(part, str):
            filled += part
            continue
        said = text_of(template.value(part, item, key))
        if part.inside and not said.strip():
            raise Wrong(f"The item's {part.name or 'value'!r} is empty, and the path of the url names it.")
        filled += quote(said, safe="")
    path = filled.partition("?")[0].partition("://")[2]
    if "/." in path and any(segment in (".", "..") for segment in path.split("/")[1:]):
        raise Wrong("The path of the url would lead elsewhere: a part of it is a dot or two.")
    return filled


# --- bodies ------------------------------------------------------------------------------------------------------


def read_body(text: str, kind: str) -> Template:
    """``kind``: "json", "form" or "plain". Of JSON it is known which holes lie within a text."""
    found = read("body", text)
    if kind != "json":
        return found
    parts, inside = list[str | Hole](), False
    for part in found.parts:
        if isinstance(part, str):
            inside = _inside_after(part, inside)
            parts.append(part)
        else:
            parts.append(Hole(part.kind, part.name, inside))
    whole = "".join(part if isinstance(part, str) else "x" if part.inside else "null" for part in parts)
    try:
        json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"The body is not JSON: {error}.") from None
    return Template("body", tuple(parts))


def _inside_after(text: str, inside: bool) -> bool:
    at = 0
    while True:
        if inside:
            at = _STRING.match(text, at).end()  # type: ignore[union-attr]
        at = text.find('"', at) + 1
        if not at:
            return inside
        inside = not inside


def fill_body(template: Template, kind: str, item: Any, key: str) -> bytes:
    def filled(hole: Hole) -> str:
        value = template.value(hole, item, key)
        if kind == "json":
            return dumps(text_of(value))[1:-1] if hole.inside else dumps(value)
        return quote_plus(text_of(value)) if kind == "form" else text_of(value)

    return "".join(part if isinstance(part, str) else filled(part) for part in template.parts).encode()


# --- headers -----------------------------------------------------------------------------------------------------


def fill_header(template: Template, item: Any, key: str, secrets: dict[str, str]) -> str:
    """Raises Wrong; KeyError never: which secrets there are is looked at before."""
    filled = ""
    for part in template.parts:
        if isinstance(part, str):
            filled += part
        elif part.kind == "secret":
            filled += secrets[part.name]
        else:
            said = text_of(template.value(part, item, key))
            if _CONTROL.search(said):
                raise Wrong(f"The item's {part.name or 'value'!r} holds a line break, which no header can carry.")
            filled += said
    return filled


def text_of(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value)
