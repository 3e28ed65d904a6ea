"""What ``manage.py batch`` writes: results to stdout, for people or as JSON; progress and what is wrong to stderr."""

import json
import os
import shutil
from typing import Any

from django.core.management.base import OutputWrapper

from batches.terminal.exits import Exit, Stop

_BACK = "\r\x1b[K"


class Screen:
    """``as_json``: one JSON value on stdout, and no progress anywhere."""

    def __init__(self, out: OutputWrapper, err: OutputWrapper, *, as_json: bool) -> None:
        self.out, self.err, self.as_json = out, err, as_json
        self._drawn = False

    @property
    def is_terminal(self) -> bool:
        return bool(self.err.isatty())

    @property
    def width(self) -> int:
        return shutil.get_terminal_size((100, 24)).columns - 1

    @property
    def draws_blocks(self) -> bool:
        return "utf" in str(getattr(self.err._out, "encoding", None) or "utf-8").lower()

    def tell(self, data: Any, *lines: str) -> None:
        """The result: the lines, or the data."""
        self.wipe()
        if self.as_json:
            self.out.write(json.dumps(data))
            return
        for line in lines:
            self.out.write(line)

    def note(self, line: str) -> None:
        """Beside the result, for people alone."""
        if not self.as_json:
            self.wipe()
            self.err.write(line, _plain)

    def draw(self, line: str) -> None:
        """The one line that is drawn over again."""
        self.err.write(_BACK + line, _plain, ending="")
        self.err.flush()
        self._drawn = True

    def wipe(self) -> None:
        if self._drawn:
            self.err.write(_BACK, _plain, ending="")
            self.err.flush()
            self._drawn = False

    def stop(self, stop: Stop) -> Exit:
        self.wipe()
        if self.as_json:
            self.out.write(json.dumps({"error": stop.sentence, "exit": stop.code, **stop.more}))
        self.err.write(stop.sentence, _plain if stop.code == Exit.UNKNOWN else None)
        return stop.code

    def nobody_reads(self) -> Exit:
        """Whoever read stdout has gone: what is still in its buffer would fail again at the end of the process."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.UNKNOWN


def _plain(text: str) -> str:
    return text
