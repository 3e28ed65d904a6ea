"""/healthz: whether this process can serve, and what of the system is missing. Answers within two seconds, always."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from live.models import Pulse
from live.queries import System, system

log = logging.getLogger(__name__)

PATIENCE = 1.7
# What hangs holds these threads, not the ones that serve pages; while it hangs, the next asker waits in vain too.
_database_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health-database")
_system_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health-system")


@dataclass(frozen=True)
class Health:
    """Each part is "ok", "down", or "unknown" if there was no time to learn it."""

    database: str
    worker: str = "unknown"
    temporal: str = "unknown"

    @property
    def status(self) -> str:
        if self.database != "ok":
            return "down"
        return "ok" if self.worker == self.temporal == "ok" else "degraded"


@login_not_required
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """503 only when nothing can be served; without a worker or Temporal decisions are still taken and kept."""
    health = look()
    body = {"status": health.status, "database": health.database, "worker": health.worker, "temporal": health.temporal}
    return JsonResponse(body, status=200 if health.database == "ok" else 503)


def look() -> Health:
    """Both are asked at the same time: Temporal's silence must not be taken for the database's."""
    database, rest = _database_askers.submit(_database_answers), _system_askers.submit(_system)
    both: list[Future[Any]] = [database, rest]
    wait(both, timeout=PATIENCE)
    if not (database.done() and database.result()):
        return Health(database="down")
    seen = rest.result() if rest.done() else None
    return Health("ok", _word(seen.worker_alive), _word(seen.temporal_ok)) if seen else Health("ok")


def _database_answers() -> bool:
    try:
        Pulse.objects.exists()
    except DatabaseError as error:
        log.warning("The database does not answer, or its tables are not there yet: %s", error)
        return False
    finally:
        connection.close()
    return True


def _system() -> System | None:
    try:
        return system()
    except DatabaseError:
        return None
    finally:
        connection.close()


def _word(fine: bool) -> str:
    return "ok" if fine else "down"
