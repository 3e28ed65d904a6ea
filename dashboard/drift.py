"""Whether the index agrees with Temporal, as home says it and as a scraper reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from approvals.drift import Reconciliation, last

LATE = 3
"""So many turns that did not come: what the last one saw is no longer news."""


@dataclass(frozen=True)
class Drift:
    """A state with its word, a sentence, and what is left differing, said as a sentence ("" for nothing)."""

    state: str
    word: str
    words: str
    at: datetime | None = None
    left: str = ""


def drift_now(now: datetime) -> Drift:
    if not settings.RECONCILE_SECONDS:
        return Drift("unchecked", _("Not compared"), _("Comparing with Temporal is switched off."))
    found = last()
    if found is None:
        return Drift("unchecked", _("Not yet compared"), _("A worker compares it with Temporal soon after it starts."))
    if now - found.at > LATE * timedelta(seconds=settings.RECONCILE_SECONDS) + timedelta(minutes=1):
        words = _("It is compared again as soon as a worker and Temporal are there.")
        return Drift("unchecked", _("Not compared of late"), words, found.at)
    return _seen(found)


def _seen(found: Reconciliation) -> Drift:
    mended = ngettext(
        "%(count)d row differed and was mended.", "%(count)d rows differed and were mended.", found.repaired
    ) % {"count": found.repaired}
    words = mended if found.repaired else _("Lists say what Temporal says.")
    if not found.differing:
        return Drift("agrees", _("Agrees"), words, found.at)
    left = ngettext("%(count)d row differs from Temporal.", "%(count)d rows differ from Temporal.", found.differing) % {
        "count": found.differing
    }
    return Drift("differs", _("Differs"), mended if found.repaired else "", found.at, left)


def drift_metrics() -> Iterator[Metric]:
    """Nothing before the first comparison: no number is better than a wrong one."""
    if (found := last()) is None:
        return
    age = (timezone.now() - found.at).total_seconds()
    yield GaugeMetricFamily("leitstand_reconcile_age_seconds", "Since the index was last compared.", value=age)
    yield GaugeMetricFamily("leitstand_reconcile_seconds", "How long comparing took.", value=found.seconds)
    yield GaugeMetricFamily("leitstand_reconcile_compared", "Rows and workflows compared.", value=found.compared)
    yield GaugeMetricFamily("leitstand_drift", "Rows that still differ from Temporal.", value=found.differing)
    ever = found.repaired_ever
    yield CounterMetricFamily("leitstand_reconcile_repaired", "Rows mended since the beginning.", value=ever)
