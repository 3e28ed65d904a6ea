"""What the tests of the terminal share: the command as a script runs it, and what it said."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command

from tests.batches.clock.conftest import clock as clock  # a fixture
from tests.batches.pages.conftest import alive as alive  # a fixture
from tests.batches.starting.conftest import ended as ended
from tests.batches.steering.conftest import steered as steered  # a fixture
from tests.circuits.conftest import via as via  # a fixture

ROWS = "iata,city\n" + "".join(f"A{n:03},City {n}\n" for n in range(30))


class Terminal(io.StringIO):
    """A stream that says whether it is one."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """``manage.py batch``, in this process. ``err`` can be read while it runs."""

    def __init__(self) -> None:
        self.err = Terminal(False)

    def __call__(self, *args: Any, terminal: bool = False) -> Ran:
        out, self.err = io.StringIO(), Terminal(terminal)
        code = 0
        try:
            call_command("batch", *map(str, args), stdout=out, stderr=self.err, no_color=not terminal)
        except SystemExit as left:
            code = int(left.code or 0)
        return Ran(code, out.getvalue(), self.err.getvalue())


@pytest.fixture
def batch() -> Command:
    return Command()


@pytest.fixture
def file(tmp_path):
    """A file that lies where no batch may read."""
    path = tmp_path / "airports.csv"
    path.write_text(ROWS)
    return path
