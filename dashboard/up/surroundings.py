"""What `up` must say in the environment before the settings are read: they look there for the data folder."""

import argparse
import os
from pathlib import Path


def prepare(argv: list[str]) -> None:
    """For `manage.py up`: LEITSTAND_DATA from --data, LEITSTAND_DEMO from --no-demo. Other commands are left alone."""
    if argv[1:2] != ["up"]:
        return
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--data")
    parser.add_argument("--no-demo", action="store_true")
    given, _ = parser.parse_known_args(argv[2:])
    if given.data:
        os.environ["LEITSTAND_DATA"] = str(Path(given.data).expanduser().resolve())
    os.environ["LEITSTAND_DEMO"] = "0" if given.no_demo else "1"
