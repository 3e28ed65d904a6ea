"""A data set too big for Temporal, in the demo: numbers are summed up by reference, and cleaned up."""

from uuid import uuid5

from django.contrib.auth.models import User

from batches.models import DataSet
from batches.sets import services
from dashboard.demo.playing import NAMESPACE

SPEC = {
    "title": "A hundred thousand numbers",
    "loader": "numbers",
    "loader_args": {"count": 100_000},
    "processor": "sum",
}


def begin(ops: User) -> None:
    """Unless it was ever begun here."""
    uuid = uuid5(NAMESPACE, "data-set")
    if not DataSet.objects.filter(uuid=uuid).exists():
        services.begin(spec=SPEC, by=ops, uuid=uuid)
