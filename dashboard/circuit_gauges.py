"""What /metrics says of circuits: the state of each, what was reported to it, and how long ago."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from circuits.models import Circuit
from worker.resilience.circuit_state import STATES

RESULTS = ("ok", "failed", "slow", "refused")


def circuit_metrics() -> Iterator[Metric]:
    """One query. Totals are those of the last minute that was written down: "slow" calls are among the other two."""
    rows = list(Circuit.objects.all())
    states = GaugeMetricFamily("leitstand_circuit_state", "1 for the state that it is in.", labels=["service", "state"])
    ages = GaugeMetricFamily("leitstand_circuit_report_age_seconds", "Since anybody reported.", labels=["service"])
    calls = CounterMetricFamily("leitstand_circuit_calls", "Calls reported, by result.", labels=["service", "result"])
    served = CounterMetricFamily("leitstand_circuit_fallbacks", "Calls that a rung served.", labels=["service", "rung"])
    now = timezone.now()
    for row in rows:
        for state in STATES:
            states.add_metric([row.service, state], float(row.state == state))
        if row.last_report_at:
            ages.add_metric([row.service], max(0.0, (now - row.last_report_at).total_seconds()))
        totals = row.kept["state"]["totals"] if row.kept else {}
        for result in RESULTS:
            calls.add_metric([row.service, result], totals.get(result, 0))
        for rung, number in totals.get("fallback", {}).items():
            served.add_metric([row.service, rung], number)
    yield from (states, ages, calls, served)
