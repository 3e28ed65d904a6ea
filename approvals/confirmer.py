"""Asks the workflows whether they say what the index says, for the rows on screen: one thread, so many a second.

It is there while something is asked for, whoever still looks; pages and streams only tell it what they show.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import connections
from django.utils import timezone

from approvals import confirming, judging
from approvals.bucket import Bucket
from approvals.follow import target
from approvals.looking import SETTLED, SURE, Look
from approvals.models import Request
from live import reader
from live.hub import look_again
from live.queries import system
from worker import client

log = logging.getLogger(__name__)

MOST = 5_000
"""Rows that wait to be asked for. What comes beyond is seen again as long as it is on a screen."""
TOLD = 3.0
"""Seconds between two times that the pages hear of it while much is asked."""
_SOON = timedelta(seconds=0.2)


class Confirmer:
    """One in each process, begun when there is something to ask, ended when there is nothing more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._first: dict[int, None] = {}
        self._again: dict[int, None] = {}
        self._later: list[tuple[float, int, int, Look | None]] = []
        self._count = itertools.count()
        self._asked: set[int] = set()
        self._thread: threading.Thread | None = None
        self._bucket = Bucket(max(1, settings.CONFIRM_A_SECOND))
        self._why, self._why_at = "", float("-inf")
        self._told = 0.0

    def ask(self, first: Iterable[int], again: Iterable[int] = ()) -> None:
        """``first``: never asked for, so before those that are asked for ``again``. Returns at once."""
        if not settings.CONFIRM_A_SECOND:
            return
        with self._changed:
            for queue, pks in ((self._first, first), (self._again, again)):
                new = [pk for pk in pks if pk not in self._asked][: max(0, MOST - len(self._asked))]
                queue.update(dict.fromkeys(new))
                self._asked.update(new)
            if self._thread is None and self._asked:
                self._thread = threading.Thread(target=self._run, name="confirmer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def idle(self) -> bool:
        with self._changed:
            return self._thread is None

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                self._do(*job)
        finally:
            connections.close_all()
            look_again("inbox")

    def _next(self) -> tuple[int, Look | None] | None:
        """Waits for what is due later; None: there is nothing more, and this thread ends."""
        with self._changed:
            while True:
                now = time.monotonic()
                if self._later and self._later[0][0] <= now:
                    return heapq.heappop(self._later)[2:]
                for queue in (self._first, self._again):
                    if queue:
                        pk = next(iter(queue))
                        del queue[pk]
                        return pk, None
                if not self._later:
                    self._thread = None
                    return None
                self._changed.wait(self._later[0][0] - now)

    def _do(self, pk: int, look: Look | None) -> None:
        later = None
        try:
            if look is None:
                later = self._confirm(pk)
            else:
                self._mend(look)
        except Exception:
            log.exception("The row %s could not be compared with its workflow; it is tried again.", pk)
            confirming.fails([pk], "silent")
        with self._changed:
            if later is None:
                self._asked.discard(pk)
            else:
                heapq.heappush(self._later, (time.monotonic() + later[0], next(self._count), pk, later[1]))
        self._tell()

    def _tell(self) -> None:
        if time.monotonic() - self._told > TOLD:
            self._told = time.monotonic()
            look_again("inbox")

    # --- one row --------------------------------------------------------------------------------------------------

    def _confirm(self, pk: int) -> tuple[float, Look | None] | None:
        """In how many seconds to come back to it, and how; None: that was all."""
        row = Request.objects.filter(pk=pk, closed_at=None).exclude(first_run_id="").prefetch_related("steps").first()
        if row is None:
            return None
        settled = row.updated_at + SETTLED + _SOON
        if (left := (settled - timezone.now()).total_seconds()) > 0:
            return left, None
        if why := self._cannot_ask():
            confirming.fails([pk], why)
            return None
        return self._compare(row)

    def _compare(self, row: Request) -> tuple[float, Look | None] | None:
        query = "get_status" if row.workflow_type == judging.SINGLE else "get_approval_status"
        with self._bucket:
            reading = reader.read(row.workflow_id, query, max_age=0, patient=False)
        if reading.gone:
            return 0.0, Look(row)
        if not reading.fresh:
            confirming.fails([row.pk], "silent")
            return None
        wanted = target(reading.value)
        if wanted is None:
            confirming.fails([row.pk], confirming.MOVING)
        elif wanted.differs(row, list(row.steps.all())):
            return SURE, Look(row, differed_at=time.monotonic())
        else:
            confirming.agrees(row.pk, row.updated_at)
        return None

    def _mend(self, look: Look) -> None:
        """It differed, or its workflow has gone: looked at once more, and put right where that can be known."""
        row = look.row
        if why := self._cannot_ask():
            confirming.fails([row.pk], why)
            return
        try:
            with self._bucket:
                found = look.run()
        except client.ClientError:
            confirming.fails([row.pk], "silent")
            return
        if found.mended:
            row.refresh_from_db()
            confirming.is_corrected(row.pk, row.updated_at, found.changed)
            log.info("%s (seen on a page)", found.sentence)
            self._told = 0.0
        elif found.differs:
            confirming.fails([row.pk], "missing" if found.missing else "differs")
        else:
            confirming.fails([row.pk], confirming.MOVING)

    def _cannot_ask(self) -> str:
        """Why no workflow can be asked just now; looked up once a second."""
        if time.monotonic() - self._why_at > 1.0:
            now = system()
            without_worker = "" if now.worker_alive else "no-worker"
            self._why = without_worker if now.temporal_ok else "no-temporal"
            self._why_at = time.monotonic()
        return self._why


_one: Confirmer | None = None
_lock = threading.Lock()


def confirmer() -> Confirmer:
    """This process's."""
    global _one
    with _lock:
        if _one is None:
            _one = Confirmer()
        return _one


def renew() -> None:
    """For tests: another one, by the settings as they are now, that knows nothing."""
    global _one
    with _lock:
        _one = None
    confirming.forget()
