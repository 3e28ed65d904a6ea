"""Minutes are kept for a month."""

from datetime import timedelta

from django.utils import timezone

from circuits.models import Circuit, Sample
from circuits.pruning import prune


def test_what_is_older_than_thirty_days_goes_and_nothing_else(db):
    now = timezone.now()
    circuit = Circuit.objects.create(service="payments", written_at=now)
    for days in (0, 29, 31, 400):
        Sample.objects.create(circuit=circuit, minute=now - timedelta(days=days), state="closed")
    assert [prune(), prune()] == [2, 0]
    assert sorted((now - sample.minute).days for sample in Sample.objects.all()) == [0, 29]
