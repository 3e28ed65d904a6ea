"""Which items somebody else served in the place of their job: read from the lines of results, chunk by chunk."""

import re
from collections.abc import Iterator

from worker.batch_wire import FailedPlaces, FindFailed, FoundFailed
from worker.chunks import returned
from worker.resilience.ranges import Ranges

_RUNG = re.compile(rb',"rung":"((?:[^"\\]|\\.)*)"\}\n$')
LONGEST = 700
"""Bytes of a line's end that the name of a rung may take: fifty characters, however they are written."""
PAGE = 200
"""Pieces of a page, each of one chunk and one rung."""
PAGE_RANGES = 2_000


def rung_in(line: bytes) -> str:
    """Who served it; "" where its job did."""
    found = _RUNG.search(line[-LONGEST:])
    return str(returned.text_of(found[1])) if found else ""


def numbers(uuid: str) -> Iterator[tuple[int, str]]:
    """Of all that is degraded in a batch, in their order chunk by chunk: number and rung."""
    for line in returned.of_all(uuid):
        if rung := rung_in(line):
            yield returned.number_in(line), rung


def find(given: FindFailed) -> FoundFailed:
    """A page of them as places in chunks; ``group``: those that this rung served. What has not ended counts not yet."""
    pieces: list[FailedPlaces] = []
    ranges = taken = 0
    last = given.after
    for chunk in returned.chunks_of(given.uuid, first=max(given.after, 0) // given.chunk_size):
        found = _of_chunk(given, chunk, given.most - taken if given.most else None)
        ranges += sum(len(each.places) for each in found)
        if pieces and (len(pieces) + len(found) > PAGE or ranges > PAGE_RANGES):
            return FoundFailed(pieces, last)
        pieces += found
        taken += sum(len(Ranges(each.places)) for each in found)
        last = (chunk + 1) * given.chunk_size - 1
        if given.most and taken >= given.most:
            break
    return FoundFailed(pieces, None)


def _of_chunk(given: FindFailed, chunk: int, most: int | None) -> list[FailedPlaces]:
    """One piece for each rung."""
    by_rung: dict[str, Ranges] = {}
    under_way = set(given.under_way)
    lines = returned.of_chunk(given.uuid, chunk, lambda round: round not in under_way)
    wanted = sorted((returned.number_in(line), rung) for line in lines if (rung := rung_in(line)))
    able = [each for each in wanted if each[0] > given.after and given.group in ("", each[1])]
    for number, rung in able[:most]:
        by_rung.setdefault(rung, Ranges()).add(number - chunk * given.chunk_size)
    return [FailedPlaces(chunk, places.dump(), rung) for rung, places in by_rung.items()]
