"""The data folder of `up`: everything that must survive a restart, and the lock that keeps a second `up` away."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dashboard.up import ports

LONG_LOG = 10 * 1024 * 1024


class Refused(Exception):
    """`up` cannot start here; the text says why, and what to do."""


class Folder:
    """One data folder. Nothing of a running Leitstand lies outside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"

    def prepare(self) -> None:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                f"The data folder {self.path} cannot be made: {error.strerror}. Choose another one with --data."
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held by an open file, not by its presence: a killed `up` leaves no lock behind."""
        with (self.path / "up.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise Refused(
                    f"Leitstand is running on {self.path} already (process {file.read().strip() or 'unknown'}). "
                    "Stop that one first, or choose another folder with --data."
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def log(self, name: str) -> Path:
        """The file that a child writes to; a long one is put aside first (one generation is kept)."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LONG_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def ports(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """A free port for each name: the one it had before, so that links stay; else the usual one; else any."""
        kept = self.path / "ports.json"
        before = _read_ports(kept)
        chosen: dict[str, int] = {}
        for name, usual in wanted.items():
            candidates = [port for port in (before.get(name), usual) if port and port not in chosen.values()]
            chosen[name] = next((port for port in candidates if ports.free(port)), 0) or ports.any_free()
        kept.write_text(json.dumps(chosen))
        return chosen

    def demo_password(self) -> str:
        """From the environment; else made at the first start and kept, readable by its owner only."""
        if given := os.environ.get("LEITSTAND_DEMO_PASSWORD"):
            return given
        kept = self.path / "demo_password"
        if not kept.exists():
            self.keep(kept.name, secrets.token_urlsafe(9))
        return kept.read_text().strip()

    def keep(self, name: str, text: str) -> None:
        """In a file that only its owner may read."""
        with open(os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)


def _read_ports(path: Path) -> dict[str, int]:
    """What was kept; anything unreadable counts as nothing, for ports can be chosen anew."""
    try:
        found = json.loads(path.read_text())
        return {str(name): int(port) for name, port in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
