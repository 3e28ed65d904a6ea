"""What a stream is about, in words. Apps that write to the ledger say how their streams are called, and find them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST = 500
"""So many streams may one search find; who needs more narrows by kind, person or time instead."""


@dataclass(frozen=True)
class Subject:
    """What people call it, and where its page is, if it has one."""

    label: str
    url: str = ""


Labels = Callable[[Sequence[str]], Mapping[str, Subject]]
"""The subjects of these keys (what stands behind the colon of a stream), all at once."""
Find = Callable[[str, int], Sequence[str]]
"""The keys that a text may mean, at most so many."""

_known: dict[str, tuple[Labels, Find]] = {}


def register(prefix: str, *, labels: Labels, find: Find) -> None:
    """For the streams ``prefix:…``: called in a module ``naming`` of any app, which is found like ``admin.py``."""
    _known[prefix] = (labels, find)


def of(streams: Iterable[str]) -> dict[str, Subject]:
    """The subject of each stream that somebody knows."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for stream in set(streams):
        prefix, colon, key = stream.partition(":")
        if colon and prefix in _known:
            keys[prefix].append(key)
    found = {prefix: _known[prefix][0](wanted) for prefix, wanted in keys.items()}
    return {f"{prefix}:{key}": subject for prefix, named in found.items() for key, subject in named.items()}


def find(text: str) -> list[str]:
    """The streams that are meant: the one of exactly this name, and those whose subject is called so."""
    if not text:
        return []
    named = [f"{prefix}:{key}" for prefix, (_labels, find) in _known.items() for key in find(text, MOST + 1)]
    return list(dict.fromkeys([text, *named]))
