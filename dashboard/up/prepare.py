"""What must be in place before a child starts: the tables and the static files."""

import hashlib
import json

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from dashboard.up.folder import Refused
from dashboard.up.supervisor import say


def database() -> None:
    """Bring the tables up to date; says so only if there is something to do."""
    try:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            say("Preparing the database.")
            call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise Refused(
            f"The database does not answer: {str(error).strip()}\nIs it running, and is DATABASE_URL right?"
        ) from None
    finally:
        connections.close_all()


def statics() -> None:
    """Collect, hash and compress the static files, unless exactly these have been collected already."""
    stamp = settings.STATIC_ROOT / "collected.json"
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Collecting and compressing the static files.")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(wanted)


def _fingerprint() -> str:
    """Every source file with its size and time of change: cheap, and different after any edit or upgrade."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = (storage.path(path), storage.size(path), storage.get_modified_time(path).timestamp())
            found.append(state)
    digest = hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()
    return json.dumps({"files": len(found), "sha256": digest})
