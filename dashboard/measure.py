"""What this web process measures of itself: its answers, and how long they took."""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram, PlatformCollector, ProcessCollector

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
