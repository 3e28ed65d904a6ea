"""The demo's steady traffic: begun with the demo, and begun again by any worker if it should have ended."""

import time
from dataclasses import asdict

from django.conf import settings

from dashboard.demo import services
from worker import client
from worker.traffic import Plan, Stream

WORKFLOW_ID = "demo-traffic"
LOOK_EVERY = 60.0

CUSTOMERS = [{"customer": name} for name in ("acme-lift", "voss", "brandt", "lindner", "kern", "hansen", "adler")]
PAYMENTS = [{"amount": amount} for amount in (184.0, 21.6, 4310.5, 79.0, 94.5)]
SUMS = [{"amount": 100.0, "currency": currency} for currency in ("USD", "CHF", "SEK", "GBP")]

PLAN = Plan([Stream("recommend", 3.0, CUSTOMERS), Stream("pay", 1.5, PAYMENTS), Stream("convert", 0.5, SUMS)], lanes=4)

_looked = float("-inf")


def begin() -> None:
    """Start it, or tell the one that runs what the plan is now."""
    plan = asdict(PLAN)
    queue = settings.TEMPORAL_TASK_QUEUE
    client.signal_with_start(
        "TrafficWorkflow", [plan], "steer", [plan], workflow_id=WORKFLOW_ID, task_queue=queue, timeout=5.0
    )


def keep() -> None:
    """A chore: once a minute, where the demo has been loaded."""
    global _looked
    if time.monotonic() - _looked < LOOK_EVERY:
        return
    if services.are_registered():
        begin()
        _looked = time.monotonic()
