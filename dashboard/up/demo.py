"""What `up` knows of the demo: whether it has been loaded here, and what to tell people about signing in."""

import hashlib
import os
from pathlib import Path

from django.contrib.auth.models import User

from dashboard.demo import people
from dashboard.up.folder import Folder


def is_loaded(folder: Folder, password: str, service: str = "") -> bool:
    """Whether exactly this demo is in the database: asking costs nothing, loading it again costs seconds."""
    note = folder.path / "demo_loaded"
    if not note.exists() or note.read_text() != _fingerprint(password, service):
        return False
    return User.objects.filter(username=people.PEOPLE[0].username, email__endswith=people.MARK).exists()


def note_loaded(folder: Folder, password: str, service: str = "") -> None:
    folder.keep("demo_loaded", _fingerprint(password, service))


def _fingerprint(password: str, service: str) -> str:
    """Changes with the password, the address of the demo's service, the database, and the demo itself."""
    digest = hashlib.sha256()
    for part in (password, service, os.environ.get("DATABASE_URL", ""), *_sources()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _sources() -> list[str]:
    return [path.read_text() for path in sorted(Path(people.__file__).parent.glob("*.py"))]


def logins() -> str:
    """Who may sign in, as what: "maria (manager), …"."""
    return ", ".join(f"{person.username} ({_role(person)})" for person in people.PEOPLE if person.signs_in)


def _role(person: people.Person) -> str:
    return "everything" if person.superuser else person.level or person.group or "requester"
