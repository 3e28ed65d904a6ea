"""What was: the line of a batch, the map of its chunks, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.recording import moment
from batches import figures, happened, lines, maps, queries
from batches.figures import Said
from batches.happened import Line
from batches.lines import Chart, Dot
from batches.maps import Map
from batches.models import Batch
from batches.page import BatchPage
from worker.resilience.ranges import Ranges

LATELY = 600.0
WHOLE = "whole"
FINEST, COARSEST = 5.0, 100.0
"""Seconds of a cell of the line: a chunk lasts as long as the cell, or its end would be a peak."""


@dataclass(frozen=True)
class RateLine:
    """``whole``: from when it began; else its last minutes. ``short``: both are the same."""

    page: BatchPage
    chart: Chart
    whole: bool
    short: bool

    @property
    def begin(self) -> datetime:
        return moment(self.chart.begin)

    @property
    def end(self) -> datetime:
        return moment(self.chart.end)

    @property
    def top(self) -> Said:
        return figures.speed(self.chart.top)

    @property
    def highest(self) -> Said:
        return figures.speed(self.chart.highest)

    @property
    def limit(self) -> Said | None:
        return figures.speed(self.chart.limit) if self.chart.limit else None


def rate_line(page: BatchPage, whole: bool) -> RateLine:
    row = page.row
    dots = list(queries.dots(row))
    said_at = page.told.at if page.told.live else None
    end = (row.closed_at or said_at or page.now).timestamp()
    if said_at and (not dots or end > dots[-1].at):
        dots.append(Dot(end, float(page.ended), dots[-1].limit if dots else None))
    begun = min(dots[0].at, end) if dots else end
    short = end - begun <= LATELY
    whole = whole or short or row.closed_at is not None
    finest = min(max(FINEST, float(page.progress.get("median_seconds") or 0.0)), COARSEST)
    chart = lines.chart(dots, begun if whole else end - LATELY, end, queries.pauses(row), finest)
    return RateLine(page, chart, whole, short or row.closed_at is not None)


@dataclass(frozen=True)
class ChunkMap:
    """``map`` is None where it is not known which chunks have been begun."""

    page: BatchPage
    map: Map | None
    chunks: int
    done: int
    slowest: tuple[int, str] | None
    """Its number from 1, and how many times the median it took, as it is said."""
    oldest: tuple[int, datetime] | None
    """Of those that run the one that has run longest, if that is long for a chunk."""


LONG = 2.0
"""Times the median."""


def chunk_map(page: BatchPage) -> ChunkMap:
    said = page.progress
    data = page.row.data or said.get("data") or {}
    chunks, size = int(said.get("chunks") or 0), int(data.get("chunk_size") or 0)
    if not chunks or not size or "next_chunk" not in said:
        return ChunkMap(page, None, chunks, 0, None, None)
    running = Ranges(said["chunks_running"]) if not page.row.closed_at else Ranges()
    left = Ranges(said["chunks_left"])
    tolerated = float(said.get("tolerated_failure_rate") or 0.0)
    known = maps.Known(chunks, int(said["next_chunk"]), running, left, size, tolerated, page.all_held)
    failed = queries.failed_by_cell(page.row, size * maps.each_of(chunks))
    under_way = Ranges([*running, *left])
    done = max(0, known.next_chunk - len(under_way))
    return ChunkMap(page, maps.chunk_map(known, failed), chunks, done, _slowest(said), _oldest(page))


def _slowest(said: dict[str, Any]) -> tuple[int, str] | None:
    slowest, median = said.get("slowest"), said.get("median_seconds")
    if not slowest or not median or slowest["seconds"] < LONG * median:
        return None
    return slowest["chunk"] + 1, figures.times(slowest["seconds"] / median)


def _oldest(page: BatchPage) -> tuple[int, datetime] | None:
    oldest, median = page.progress.get("oldest"), page.progress.get("median_seconds")
    if not oldest or not median or page.row.closed_at:
        return None
    since = float(oldest[0]["since"])
    long = page.now.timestamp() - since > LONG * median + 1.0
    return (oldest[0]["chunk"] + 1, moment(since)) if long else None


@dataclass(frozen=True)
class Past:
    """What happened, the latest first."""

    row: Batch
    lines: Sequence[Line]
    more: bool


def past(row: Batch) -> Past:
    written = queries.events(row)
    return Past(
        row,
        happened.lines(row, written, queries.followers(row), queries.releases(row)),
        len(written) == queries.KEPT_EVENTS,
    )
