"""What this web process counts about itself: requests and how long they took, submissions, decisions."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector

from approvals.models import Attempt, Request

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

# The labels are names of ours: an address from outside would grow them without end.
_METHODS = frozenset({"GET", "HEAD", "POST"})
SECONDS = Histogram(
    "leitstand_http_request_seconds",
    "Time from the request to the answer's first byte, by view, method and status.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
SUBMISSIONS = Counter("leitstand_submissions", "Requests for approval written by this process.", registry=REGISTRY)
DECISIONS = Counter(
    "leitstand_decisions",
    "Tries to decide written by this process, by verdict and how the person is known.",
    ["verdict", "known_by"],
    registry=REGISTRY,
)


class Measured:
    """Middleware: one observation per answer. Behind WhiteNoise, so that static files do not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = perf_counter()
        response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "none"
        method = request.method if request.method in _METHODS else "other"
        SECONDS.labels(view or "unnamed", method, response.status_code).observe(perf_counter() - begun)
        return response


@receiver(post_save, sender=Request, dispatch_uid="count submissions")
def _count_submission(created: bool, **_more: Any) -> None:
    if created:
        SUBMISSIONS.inc()


@receiver(post_save, sender=Attempt, dispatch_uid="count decisions")
def _count_decision(instance: Attempt, created: bool, **_more: Any) -> None:
    if created:
        DECISIONS.labels(instance.verdict, instance.known_by).inc()
