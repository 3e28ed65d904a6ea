"""What loads data sets and what processes them, by name, in the ``datasets.py`` of any installed app. Pure.

    from worker.datasets.named import loader, processor

    @loader("orders", title="all orders of a month")
    def orders(*, month: str) -> Iterator[bytes]:
        yield from warehouse.export(month)

    @processor("total", title="adds up a column")
    def total(*, data: BinaryIO, column: str) -> dict:
        return {"total": sum(row[column] for row in read(data))}

Both run in a thread. A loader yields pieces and never holds the whole; a processor reads ``data`` from its first byte
on and gives something small.
"""

from typing import Any

from worker.datasets.references import BadSource
from worker.registry import Callables, Registered, loaders, processors

__all__ = ["loader", "loader_of", "processor", "processor_of"]

loader = loaders.register
processor = processors.register


def loader_of(name: str, args: dict[str, Any]) -> tuple[Registered, dict[str, Any]]:
    """With its arguments as it wants them. Raises BadSource."""
    return _found(loaders, "loader", name, args)


def processor_of(name: str, args: dict[str, Any]) -> tuple[Registered, dict[str, Any]]:
    return _found(processors, "processor", name, args)


def _found(among: Callables, what: str, name: str, args: dict[str, Any]) -> tuple[Registered, dict[str, Any]]:
    found = among.find(name)
    if found is None:
        names = ", ".join(each.name for each in among.all()) or "none"
        raise BadSource(f"There is no {what} {name!r:.80}. There are: {names}.")
    clean, errors = found.check(args)
    if errors:
        raise BadSource(" ".join(errors))
    return found, clean
