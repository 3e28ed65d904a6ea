"""What /metrics reads from the database at each scrape: how much is open, how much is unsettled, who is alive."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.queries import deliveries_waiting, letters_waiting
from approvals.models import OPEN, Attempt, Request, Status
from audit.models import Entry
from batches.models import ENDED, Batch
from batches.models import State as BatchState
from circuits import ops, subjects
from circuits.models import Episode
from circuits.unread import reading
from dashboard.circuit_gauges import circuit_metrics
from dashboard.counters import counters
from dashboard.drift import drift_metrics
from live.queries import system

OVERDUE = timedelta(minutes=1)
"""So long after its deadline a level has timed out, if anybody comes to it."""
UNSETTLED = (Attempt.State.MADE, Attempt.State.SENT, Attempt.State.UNKNOWN)


class FromTheDatabase(Collector):
    """Not registered at import: a registry calls ``collect`` then, and there may be no database yet."""

    def collect(self) -> Iterator[Metric]:
        yield _open_requests()
        yield _overdue()
        yield GaugeMetricFamily(
            "leitstand_attempts_unsettled",
            "Tries to decide whose receipt is not final yet.",
            value=Attempt.objects.filter(state__in=UNSETTLED).count(),
        )
        # The last number, not a count: entries are never deleted, and a count reads the whole ledger.
        last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first()
        yield CounterMetricFamily("leitstand_ledger_entries", "Entries written to the ledger.", value=last or 0)
        yield GaugeMetricFamily("leitstand_mail_waiting", "Letters to be sent.", value=letters_waiting())
        number = deliveries_waiting()
        yield GaugeMetricFamily("leitstand_webhooks_waiting", "Webhook deliveries to be sent.", value=number)
        yield from counters()
        yield from drift_metrics()
        yield from circuit_metrics()
        yield GaugeMetricFamily(
            "leitstand_workflows_without_payload",
            "Workflows that wait for something kept outside Temporal that cannot be read.",
            value=reading.number(),
        )
        hanging = sum(each.calls for each in ops.hanging())
        words = "Calls of batches that were given up on, and whose threads have not ended."
        yield GaugeMetricFamily("leitstand_calls_hanging", words, value=hanging)
        yield _open_batches()
        yield _episodes()
        yield from _system()


def _open_requests() -> Metric:
    found = Request.objects.filter(closed_at=None).order_by().values_list("status").annotate(number=Count("pk"))
    numbers = dict(found)
    gauge = GaugeMetricFamily("leitstand_requests_open", "Open requests by status.", labels=["status"])
    for status in OPEN:
        gauge.add_metric([status.value], numbers.get(status.value, 0))
    return gauge


def _overdue() -> Metric:
    late = Request.objects.filter(closed_at=None, status=Status.WAITING, deadline__lt=timezone.now() - OVERDUE)
    words = "Open requests whose deadline is over for more than a minute."
    return GaugeMetricFamily("leitstand_requests_overdue", words, value=late.count())


def _episodes() -> Metric:
    going_on = Episode.objects.filter(ended_at=None).values_list("subject", flat=True)
    numbers = Counter(subject.partition(":")[0] for subject in going_on)
    gauge = GaugeMetricFamily("leitstand_episodes_open", "What ops are told of and goes on, by kind.", labels=["kind"])
    for kind in subjects.lasting():
        gauge.add_metric([kind], numbers[kind])
    return gauge


def _open_batches() -> Metric:
    found = Batch.objects.filter(closed_at=None).order_by().values_list("state").annotate(number=Count("pk"))
    numbers = dict(found)
    gauge = GaugeMetricFamily("leitstand_batches_open", "Open batches by state.", labels=["state"])
    for state in BatchState:
        if state not in ENDED:
            gauge.add_metric([state.value], numbers.get(state.value, 0))
    return gauge


def _system() -> Iterator[Metric]:
    now, seen = timezone.now(), system()
    ages = GaugeMetricFamily("leitstand_worker_pulse_age_seconds", "Since a worker's last beat.", labels=["worker"])
    for worker in seen.workers:
        ages.add_metric([worker.name], (now - worker.at).total_seconds())
    yield ages
    yield GaugeMetricFamily("leitstand_workers_alive", "Workers with a pulse.", value=len(seen.living))
    yield GaugeMetricFamily("leitstand_temporal_up", "Whether Temporal answers.", value=float(seen.temporal_ok))
