"""What a guard says to circuits' entities, and what it reads of them: the only way from a caller to either."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from worker import client, registry
from worker.circuit_contract import workflow_id_of
from worker.resilience.caller import Ask, Word
from worker.resilience.report import Report

ENTITY = "CircuitBreakerWorkflow"
TRIES = 2
ASK_SECONDS = 1.0
"""For each try of asking for a trial: a call waits for it."""


class Entities:
    """Coroutines of the client's own loop, with its errors; ``known`` and ``beginning`` ask the database, and block."""

    def known(self, services: Sequence[str], caller: str) -> list[Word]:
        words: list[Word] = registry.call("circuits.known", services, caller)
        return words

    def beginning(self, service: str) -> list[Any]:
        """What an entity is begun with: its settings, and what it knew when it was last heard of."""
        arguments: list[Any] = registry.call("circuits.beginning", service)
        return arguments

    async def record(self, service: str, report: Report) -> None:
        """Raises NotFound where no entity runs."""
        await client.signaling(workflow_id_of(service), "record", [asdict(report)])

    async def begin(self, service: str, arguments: Sequence[Any], report: Report) -> None:
        """The same, where none ran a moment ago; one that runs by now takes the report and no arguments."""
        from django.conf import settings

        await client.starting_with_signal(
            ENTITY,
            arguments,
            "record",
            [asdict(report)],
            workflow_id=workflow_id_of(service),
            task_queue=settings.TEMPORAL_TASK_QUEUE,
        )

    async def acquire(self, service: str, ask: Ask) -> Any:
        """A trial. Asked again under the same id at once: around a new run of an entity one in a hundred gets lost."""
        for turn in range(1, TRIES + 1):
            try:
                return await client.updating(
                    workflow_id_of(service), "acquire_probe", [ask.owner], update_id=ask.update_id, timeout=ASK_SECONDS
                )
            except client.Unknown:
                if turn == TRIES:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")
