#!/usr/bin/env python
"""Runs a management command; leaves through one door, so that the exit code is always the true one."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    from dashboard.leaving import run_and_leave
    from dashboard.up.surroundings import prepare

    prepare(sys.argv)
    run_and_leave(sys.argv)


if __name__ == "__main__":
    main()
