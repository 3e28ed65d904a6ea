"""The one door out of a process: a process that used the Temporal SDK may crash while the interpreter shuts down.

Measured (see docs/adr/0004): up to 11 % of exits on busy cores abort after their work is done. So every command closes
the database, flushes, and ends with ``os._exit``: the exit code is then always the one that was meant.
"""

import os
import sys
import traceback
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process now with this exit code, nothing unwritten left behind."""
    import logging

    from django.db import connections

    try:
        connections.close_all()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the reader of the pipe has gone: there is nobody left to tell
                pass
        os._exit(code)


def run_and_leave(argv: list[str]) -> NoReturn:
    """Run a management command, then leave: with 0, with what it asked for by SystemExit, 130 for Ctrl-C, else 1."""
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(argv)
    except SystemExit as wanted:
        leave(_code_of(wanted))
    except KeyboardInterrupt:
        leave(130)
    except BaseException:
        traceback.print_exc()
        leave(1)
    leave(0)


def _code_of(wanted: SystemExit) -> int:
    if wanted.code is None or isinstance(wanted.code, int):
        return wanted.code or 0
    print(wanted.code, file=sys.stderr)
    return 1
