"""The demo's schedule: what is done is done again each Monday."""

from uuid import uuid5

from django.contrib.auth.models import User

from batches.clock import services
from batches.clock.services import Click
from batches.models import Intervention, Upload
from dashboard.demo.batches import BATCHES
from dashboard.demo.playing import NAMESPACE
from worker.datasets.references import CSV

GIVEN = {
    "title": "Spare parts, every week",
    "kind": "weekly",
    "at": "06:00",
    "weekdays": ["1"],
    "zone": "Europe/Berlin",
    "overlap": "skip",
    "catchup": "1 h",
}


def begin(ops: User) -> None:
    """Once: one that somebody has deleted is not made again."""
    upload = Upload.objects.filter(batches__uuid=uuid5(NAMESPACE, "batch-done")).first()
    order_id = str(uuid5(NAMESPACE, "schedule-done"))
    if upload is None or Intervention.objects.filter(order_id=order_id).exists():
        return
    spec = {"job": "order", "item_key": "order", **BATCHES["done"].spec}
    click = Click(ops, order_id)
    services.create(given=GIVEN, spec=spec, format=CSV, upload=upload, file=None, click=click)
