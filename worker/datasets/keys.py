"""Which number an item has that is called so: digests of all keys in their order, in a file beside the index.

Twelve bytes an item, looked through by halves: some twenty reads for a million. Two keys may share a digest once in
many million data sets, so who finds a number looks at the item itself.
"""

import hashlib
import os
from array import array
from itertools import pairwise
from pathlib import Path

from worker.whole import whole

_WIDTH, _DIGEST = 12, 8
_PARTS = 16
"""Sorted one after the other, so that a million keys are never all of them objects at once."""


def keys_beside(index: Path) -> Path:
    return index.with_name(f"{index.name}.keys")


def digest_of(key: str) -> int:
    """By which keys are compared: two that differ have the same in one of 10¹⁹ cases."""
    return int.from_bytes(hashlib.blake2b(key.encode(errors="replace"), digest_size=_DIGEST).digest(), "big")


class Keys:
    """Of one data set, while it is read."""

    def __init__(self) -> None:
        self._digests = [array("Q") for _part in range(_PARTS)]
        self._numbers = [array("L") for _part in range(_PARTS)]
        self._sorted: list[bytes] = []

    def add(self, key: str, number: int) -> None:
        found = digest_of(key)
        self._digests[found >> 60].append(found)
        self._numbers[found >> 60].append(number)

    def sort(self) -> int | None:
        """The digest of a key that two items have."""
        for part in range(_PARTS):
            digests, self._digests[part] = self._digests[part], array("Q")
            numbers, self._numbers[part] = self._numbers[part], array("L")
            both = sorted(found << 32 | number for found, number in zip(digests, numbers, strict=True))
            if twice := next((one >> 32 for one, other in pairwise(both) if one >> 32 == other >> 32), None):
                return twice
            self._sorted.append(b"".join([one.to_bytes(_WIDTH, "big") for one in both]))
        return None

    def write(self, to: Path) -> None:
        """The whole of it is there, or nothing of it."""
        with whole(to) as file:
            file.writelines(self._sorted)


def number_of(path: Path, key: str) -> int | None:
    """From 0; None where no item is called so. Raises OSError where there is no such file."""
    wanted = digest_of(key).to_bytes(_DIGEST, "big")
    with path.open("rb", buffering=0) as file:
        low, high = 0, os.fstat(file.fileno()).st_size // _WIDTH
        while low < high:
            middle = (low + high) // 2
            found = os.pread(file.fileno(), _WIDTH, middle * _WIDTH)
            if found[:_DIGEST] < wanted:
                low = middle + 1
            else:
                high = middle
        found = os.pread(file.fileno(), _WIDTH, low * _WIDTH)
    return int.from_bytes(found[_DIGEST:], "big") if found[:_DIGEST] == wanted else None
