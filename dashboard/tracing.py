"""Requests as spans, where there are traces: by the route of their view, never by their address."""

from collections.abc import Callable

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

from worker import tracing

QUIET = frozenset({"/healthz", "/metrics"})
"""Asked every few seconds by machines."""
# The labels are names of ours, as those of the metrics.
_METHODS = frozenset({"GET", "HEAD", "POST"})


class Traced:
    """Middleware behind WhiteNoise; without traces it is not even in the chain."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not tracing.wanted():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info in QUIET:
            return self.get_response(request)
        method = request.method if request.method in _METHODS else "other"
        with tracing.serving(method or "", request.headers) as answered:
            response = self.get_response(request)
            answered(request.resolver_match.route if request.resolver_match else "", response.status_code)
            return response
