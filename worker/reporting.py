"""Sends what a guard has counted to the entities, about once a second for each circuit, until it has arrived."""

import asyncio
import logging
import time
from collections.abc import Iterable

from worker import client, registry
from worker.circuit_view import View, Views
from worker.entities import Entities
from worker.ticking import Ticking

log = logging.getLogger(__name__)

HURRIED = 0.1
"""Seconds between two tries at the end of a process."""


class Reporting:
    """Each circuit by itself: one that cannot be told keeps no other waiting. With Temporal away, one of them tries."""

    def __init__(self, views: Views, entities: Entities) -> None:
        self._views = views
        self._entities = entities
        self.temporal = True
        """Whether Temporal took the last call."""
        self.turn = Ticking("circuits-reporting", self.send)

    def send(self) -> None:
        now = time.monotonic()
        due = [view for view in self._views() if view.due(now)]
        if not self.temporal:
            due = sorted(due, key=lambda view: view.tried_at)[:1]
        for view in due:
            view.tried_at, view.urgent, view.sending = now, False, True
            try:
                arguments = self._beginning(view) if view.begins else None
                asyncio.run_coroutine_threadsafe(self._deliver(view, arguments), client.loop())
            except Exception as error:
                view.sending = False
                self._log(view, error)

    def hurry(self, views: Iterable[View]) -> None:
        """Without waiting for the second to be over; tried a few times a second at most."""
        now = time.monotonic()
        for view in views:
            view.urgent = view.urgent or (not view.sending and now - view.tried_at >= HURRIED)
        self.turn.wake()

    def _beginning(self, view: View) -> list[object]:
        try:
            return self._entities.beginning(view.service)
        except registry.Missing:  # a program without the site: an entity begins with what it has by default
            return [view.service, None, None]

    async def _deliver(self, view: View, arguments: list[object] | None) -> None:
        """In order, each until it has arrived: what follows it waits."""
        try:
            while report := view.waiting():
                if arguments is None:
                    await self._entities.record(view.service, report)
                else:
                    await self._entities.begin(view.service, arguments, report)
                    view.begins, arguments = False, None
                view.arrived(report)
                view.deaf = False
                self._reached()
        except client.NotFound:
            self._reached()
            view.begins = view.urgent = True
        except Exception as error:
            self._log(view, error)
        finally:
            view.sending = False
        if view.urgent:
            self.turn.wake()

    def _reached(self) -> None:
        if not self.temporal:
            log.info("Temporal answers again: what was counted meanwhile is reported now.")
            self.turn.wake()
        self.temporal = True

    def _log(self, view: View, error: Exception) -> None:
        """Once per episode; nothing is lost, it is sent again."""
        if isinstance(error, client.Unreachable):
            if self.temporal:
                log.warning("Temporal cannot be reached; circuits go by what is known, counts are kept. (%s)", error)
            self.temporal = False
            return
        if not view.deaf:
            unknown = None if isinstance(error, client.ClientError) else error
            log.warning(
                "The circuit %s could not be told; it is tried until it can. (%s)",
                view.service,
                error,
                exc_info=unknown,
            )
        view.deaf = True
