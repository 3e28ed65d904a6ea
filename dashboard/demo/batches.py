"""The demo's batches: one is done, one takes its time, and in both items fail; one waits for a word; one reckons."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5

from django.contrib.auth.models import User

from batches.models import Batch
from batches.starting import mapreduce, services, uploads
from dashboard.demo.playing import NAMESPACE
from worker.datasets.references import CSV

CUSTOMERS = ("Acme Lift", "Voss", "Brandt", "Lindner", "Kern", "Hansen", "Adler")


@dataclass(frozen=True)
class Demo:
    """``fails``: the part of the n-th order that its service refuses, or ""."""

    title: str
    file: str
    orders: int
    fails: Callable[[int], str]
    spec: dict[str, Any] = field(default_factory=dict)


BATCHES = {
    "done": Demo(
        "Spare parts, week 46",
        "spare_parts_week_46.csv",
        240,
        lambda n: "pay" if n % 40 == 7 else "",
        {"chunk_size": 20, "max_parallel": 4, "job_args": {"seconds": 0.05}, "item_attempts": 1},
    ),
    "slow": Demo(
        "Framework orders for next year",
        "framework_orders.csv",
        20_000,
        lambda n: "reserve" if n % 61 == 30 else "pay" if n % 97 == 12 else "",
        {
            "chunk_size": 20,
            "max_parallel": 2,
            "job_args": {"seconds": 0.2},
            "item_attempts": 2,
            "pace": {"kind": "token_bucket", "limit": 60, "per_seconds": 60, "burst": 20},
            "on_tolerance": "pause",
        },
    ),
    "payout": Demo(
        "Supplier payments, week 47",
        "supplier_payments_week_47.csv",
        4_800,
        lambda _n: "",
        {"job": "payout", "chunk_size": 50, "max_parallel": 2, "service": "payments", "on_tolerance": "pause"},
    ),
    "values": Demo(
        "What was ordered in week 46",
        "orders_week_46.csv",
        5_000,
        lambda _n: "",
        {
            "map_activity": "map_values",
            "reduce_activity": "reduce_values",
            "map_args": {"column": "amount"},
            "chunk_size": 100,
            "fan_in": 8,
        },
    ),
}


def begin(ops: User) -> None:
    """Those that were never begun here: one that somebody has cancelled is not begun again."""
    for slug, demo in BATCHES.items():
        uuid = uuid5(NAMESPACE, f"batch-{slug}")
        if Batch.objects.filter(uuid=uuid).exists():
            continue
        received = uploads.written(demo.file, orders(demo))
        try:
            upload = uploads.keep(received, CSV, ops)
        finally:
            received.discard()
        source = {"uri": upload.uri, "format": CSV, "sha256": upload.sha256, "size": upload.size}
        given = {"title": demo.title, "item_key": "order", **demo.spec}
        if "map_activity" in given:
            mapreduce.begin(source=source, call=given, by=ops, uuid=uuid, upload=upload)
        else:
            services.begin(spec={"job": "order", "source": source, **given}, by=ops, uuid=uuid, upload=upload)


def orders(demo: Demo) -> bytes:
    """A row for each: who orders how much, and which part of it goes wrong, for the stand-in that does the orders."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["order", "customer", "amount", "fails"])
    for n in range(1, demo.orders + 1):
        amount = 20 + n * 7919 % 4_000 + n % 100 / 100
        rows.writerow([f"{40_000 + n}", CUSTOMERS[n * 5 % len(CUSTOMERS)], f"{amount:.2f}", demo.fails(n)])
    return text.getvalue().encode()
