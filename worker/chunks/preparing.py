"""Before a batch begins: its job is looked at, its items are copied or found, and the index is made in one pass."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from worker import jobs, registry
from worker.batch_contract import BatchSpec, SourceSpec
from worker.batch_rungs import RungSpec, on_open_of
from worker.batch_wire import BatchRef, DataSet, PrepareBatch, Prepared
from worker.chunks import degraded, folders
from worker.chunks.grouped import Groups
from worker.chunks.reading import items_of, packed
from worker.datasets import index
from worker.datasets.records import Item
from worker.datasets.references import JSONL, BadSource, Reference, address_of
from worker.whole import whole

Beat = Callable[[int], None]
PAGE = 1_000


def prepare(given: PrepareBatch, beat: Beat) -> Prepared:
    """Its data and all that is wrong with it. Done twice it gives the same."""
    uuid: str = registry.call("batches.begin", given)
    args, errors = jobs.check(given.spec.job, given.spec.job_args)
    errors += [error for name in _services(given.spec) for error in registry.call("batches.wrong_service", name)]
    rungs, odd = jobs.check_rungs(given.spec.fallbacks)
    if errors := errors + odd:
        return Prepared(uuid, None, errors)
    try:
        data = data_of(uuid, given.spec, beat)
        groups = Groups(given.spec.group_by)
        if given.spec.group_by:
            data = _grouped(uuid, given.spec, data, groups, beat)
    except BadSource as error:
        return Prepared(uuid, None, [str(error)])
    if errors := registry.call("batches.not_approved", uuid, given.spec, data.items):
        return Prepared(uuid, None, errors)
    folders.write_order(uuid, _order(given.ref, uuid, given.spec, args, rungs, data))
    if groups.starts:
        data = replace(data, chunks=len(groups.starts), starts=groups.starts)
    return Prepared(uuid, data, quick=_is_quick(given.spec), groups=groups.names)


def _is_quick(spec: BatchSpec) -> bool:
    """It never waits: not for a service either, nor for whoever stands in for it."""
    job = registry.jobs.find(spec.job)
    return bool(job and getattr(job.function, "quick", False)) and not (spec.service or spec.fallbacks)


def _services(spec: BatchSpec) -> list[str]:
    return [name for name in (spec.service, *(rung.service for rung in spec.fallbacks)) if name]


def _order(
    ref: BatchRef, uuid: str, spec: BatchSpec, args: dict[str, Any], rungs: list[RungSpec], data: DataSet
) -> folders.Order:
    return folders.Order(
        data=data,
        key=f"{uuid}/{ref.first_run_id}",
        job=spec.job,
        job_args=args,
        item_key="" if data.kept else spec.item_key,
        item_attempts=spec.item_attempts,
        item_timeout_seconds=spec.item_timeout_seconds,
        service=spec.service,
        fallbacks=rungs,
        chunk_timeout_seconds=spec.chunk_timeout_seconds,
        on_open=on_open_of(spec),
    )


def data_of(uuid: str, spec: BatchSpec, beat: Beat) -> DataSet:
    source = spec.source
    if source.items is not None:
        return _scanned(uuid, spec, _copied(uuid, map(packed, _named(source.items, spec.item_key))), beat, kept=True)
    if source.failed_of:
        return _scanned(uuid, spec, _copied(uuid, map(packed, _failed_of(source, beat))), beat, kept=True)
    if source.degraded_of:
        return _scanned(uuid, spec, _copied(uuid, map(packed, _degraded_of(source.degraded_of, beat))), beat, kept=True)
    reference = Reference(source.uri, source.format, source.sha256, source.size)
    return _scanned(uuid, spec, reference, beat)


def _scanned(uuid: str, spec: BatchSpec, source: Reference, beat: Beat, kept: bool = False) -> DataSet:
    """Of a copy the keys are checked as those of any source: no two items have the same."""
    allowed = folders.readable_for(uuid) if kept else folders.readable()
    key = ("key" if spec.item_key else "") if kept else spec.item_key
    found = index.scan(source, allowed, folders.index_of(uuid), chunk_size=spec.chunk_size, key_column=key, beat=beat)
    _check_columns(spec, found.columns)
    return DataSet(
        source.uri, source.format, found.items, found.chunks, found.chunk_size, found.sha256, found.size, kept
    )


def _grouped(uuid: str, spec: BatchSpec, data: DataSet, groups: Groups, beat: Beat) -> DataSet:
    """A copy again, group by group; items without a key keep the number that they had."""
    key = "" if data.kept else spec.item_key
    copied = _copied(uuid, groups.lines(uuid, data, key, beat))
    return _scanned(uuid, spec, copied, beat, kept=True)


def _check_columns(spec: BatchSpec, columns: tuple[str, ...]) -> None:
    """Where all items have the same columns, it is known before the first call that one is missing."""
    named = [(spec.job, spec.job_args), *((rung.job, rung.job_args) for rung in spec.fallbacks)]
    jobs = [(job, args) for name, args in named if columns and (job := registry.jobs.find(name))]
    needed = list(dict.fromkeys(column for job, args in jobs for column in job.columns(args)))
    if missing := [repr(name) for name in needed if name not in columns]:
        there = ", ".join(columns[:20])
        raise BadSource(f"The job reads {', '.join(missing):.300}, but the columns are only: {there}.")


# --- copies -------------------------------------------------------------------------------------------------------


def _copied(uuid: str, lines: Iterable[bytes]) -> Reference:
    """Into the batch's own folder, a line for each: its key, and its value or why it has none."""
    path = folders.folder_of(uuid) / "items.jsonl"
    with whole(path) as file:
        file.writelines(lines)
    return Reference(address_of(path), JSONL)


def _named(values: list[Any], column: str) -> Iterator[Item]:
    for number, value in enumerate(values, 1):
        found = value.get(column) if column and isinstance(value, dict) else None
        if column and (isinstance(found, bool) or not isinstance(found, str | int | float) or not str(found).strip()):
            yield Item(number - 1, f"item {number}", error=f"The item has no {column!r:.80}.")
        else:
            yield Item(number - 1, str(found)[:200] if column else str(number), value)


def _degraded_of(batch: str, beat: Beat) -> Iterator[Item]:
    """The items that somebody else served in an earlier batch, under the keys that they had there."""
    uuid: str | None = registry.call("batches.uuid_named", batch)
    if uuid is None:
        raise BadSource(f"There is no batch {batch!r:.80} whose degraded items could be served again.")
    folders.order_of(uuid)  # or its folder is gone, and nobody knows what was degraded
    number = 0
    for number, item in enumerate(_numbered(uuid, (found for found, _rung in degraded.numbers(uuid))), 1):
        yield item
        if not number % PAGE:
            beat(number)
    if not number:
        raise BadSource("No item of that batch is degraded, so there is nothing to do.")


def _failed_of(source: SourceSpec, beat: Beat) -> Iterator[Item]:
    """The items that failed in an earlier batch, under the keys that they had there."""
    uuid: str | None = registry.call("batches.uuid_named", source.failed_of)
    if uuid is None:
        raise BadSource(f"There is no batch {source.failed_of!r:.80} whose failed items could be run again.")
    number = 0
    for number, item in enumerate(_numbered(uuid, _failed_numbers(uuid, source.group)), 1):
        yield item
        if not number % PAGE:
            beat(number)
    if not number:
        cause = " of this cause" if source.group else ""
        raise BadSource(f"No item of that batch has failed{cause}, so there is nothing to do.")


def _failed_numbers(uuid: str, group: str) -> Iterator[int]:
    after = -1
    while page := registry.call("batches.failed_numbers", uuid, after, PAGE, group):
        yield from page
        after = page[-1]


def _numbered(uuid: str, numbers: Iterable[int]) -> Iterator[Item]:
    """Those items of a batch, each chunk read once where the numbers are in their order."""
    chunk, items = -1, list[Item]()
    for number in numbers:
        size = folders.order_of(uuid).data.chunk_size
        if number // size != chunk:
            chunk = number // size
            items = items_of(uuid, chunk)
        yield items[number % size]
