"""Learns every second what the entities of the circuits in use have said: one query for all of them."""

import logging
import time
from collections.abc import Callable

from worker.circuit_view import View, Views
from worker.database import with_the_database
from worker.entities import Entities
from worker.resilience.caller import Word
from worker.ticking import Ticking

log = logging.getLogger(__name__)

IN_USE = 300.0
"""Seconds after its last call for which a circuit is followed."""


class Hearing:
    """With the database away, what is known stays, and it is said once."""

    def __init__(self, views: Views, entities: Entities, caller: str, clock: Callable[[], float]) -> None:
        self._views = views
        self._entities = entities
        self._caller = caller
        self._clock = clock
        self.index = True
        """Whether the index answered last."""
        self.heard_at: float | None = None
        self.turn = Ticking("circuits-hearing", self.hear)

    def hear(self) -> None:
        followed = [view for view in self._views() if self._in_use(view)]
        if not followed:
            return
        words = self._words([view.service for view in followed])
        now = self._clock()
        for view in followed:
            with view.lock:
                if words is None:
                    view.caller.look(now, informed=True)
                else:
                    view.caller.learn(words.get(view.service) or Word(view.service), now)

    def _in_use(self, view: View) -> bool:
        """One that was not used for long is asked about again before its next call."""
        if time.monotonic() - view.used_at < IN_USE:
            return True
        with view.lock:
            view.caller.look(self._clock(), informed=False)
        return False

    def _words(self, services: list[str]) -> dict[str, Word] | None:
        try:
            with with_the_database():
                words = {word.service: word for word in self._entities.known(services, self._caller)}
        except Exception as error:
            if self.index:
                log.warning("The index of circuits cannot be read; callers go by what they know. (%s)", error)
            self.index = False
            return None
        if not self.index:
            log.info("The index of circuits can be read again.")
        self.index, self.heard_at = True, self._clock()
        return words
