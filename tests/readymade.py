"""What the houses of a run begin with, made once for all of its processes: tables, people, collected static files.

Only tests that are about a first start make these themselves.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.folder import shared_folder
from tests.up.running import ROOT, surroundings

PASSWORD = "a long password of a test"
_TABLES = "leitstand.sqlite3"
_PEOPLE = f"""
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from approvals.models import Level, LevelHolder
known = make_password({PASSWORD!r})  # slow on purpose: once for all
for username, first, last, level in (
    ("maria", "Maria", "Berg", "manager"), ("peter", "Peter", "Holt", "manager"), ("dirk", "Dirk", "Holm", "director"),
    ("vera", "Vera", "Stein", "vp"), ("rita", "Rita", "Lang", ""), ("olga", "Olga", "Petri", ""),
):
    user = User.objects.create(username=username, password=known, first_name=first, last_name=last)
    if level:
        LevelHolder.objects.create(user=user, level=Level.objects.get(name=level))
User.objects.get(username="olga").groups.add(Group.objects.get(name="ops"))
User.objects.create(username="admin", password=known, is_staff=True, is_superuser=True)
"""
_STATICS = "from dashboard.up.prepare import statics; statics()"


def tables(data: Path) -> None:
    """Into a data folder, as ``migrate`` leaves them."""
    made = _once("tables", lambda folder: _manage(folder, "migrate", "-v", "0"))
    data.mkdir(exist_ok=True)
    shutil.copy(made / _TABLES, data)


def people(data: Path) -> None:
    """The same, and in them each of ``_PEOPLE``: Olga is in ops, the others hold a level or none."""

    def make(folder: Path) -> None:
        tables(folder)
        _manage(folder, "shell", "-v", "0", "-c", _PEOPLE)

    made = _once("people", make)
    data.mkdir(exist_ok=True)
    shutil.copy(made / _TABLES, data)


def statics() -> dict[str, str]:
    """The environment of an `up` that finds its static files collected."""
    made = _once("statics", lambda folder: _manage(folder, "shell", "-v", "0", "-c", _STATICS))
    return {"LEITSTAND_STATIC": str(made / "static")}


def _once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name; whoever comes first makes it, and the others wait for that."""
    folder, made = shared_folder() / name, shared_folder() / f"{name}.made"
    with (shared_folder() / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def _manage(folder: Path, *arguments: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    subprocess.run(command, env=surroundings(LEITSTAND_DATA=str(folder)), check=True, timeout=300)
