"""An app whose first step of a request takes long, so that a worker has something under way when it is asked to end."""

import os
import time
from pathlib import Path
from typing import Any

from django.apps import AppConfig

from worker import registry


class Slow(AppConfig):
    name = "tests.up"
    label = "slow"
    path = str(Path(__file__).parent)

    def ready(self) -> None:
        registry.handler("approvals.open_request", open_request)


def open_request(_given: Any) -> Any:
    notes = Path(os.environ["NOTES"])
    (notes / "begun").touch()
    time.sleep(float(os.environ["SLOW"]))
    (notes / "done").touch()
    raise RuntimeError("not a real request")
