"""/metrics: for loopback, superusers and whoever has the token. To all others the address does not exist."""

from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import CollectorRegistry

from dashboard.gauges import FromTheDatabase
from dashboard.measure import REGISTRY

# A proxy on this machine makes strangers look like loopback, but says for whom it speaks.
_SPOKEN_FOR = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_X_FORWARDED_PROTO")


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not (_from_here(request) or _has_token(request) or request.user.is_superuser):
        raise Http404
    at_scrape = CollectorRegistry(auto_describe=False)
    at_scrape.register(FromTheDatabase())
    return HttpResponse(generate_latest(REGISTRY) + generate_latest(at_scrape), content_type=CONTENT_TYPE_LATEST)


def _from_here(request: HttpRequest) -> bool:
    if any(name in request.META for name in _SPOKEN_FOR):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    wanted = settings.METRICS_TOKEN
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    return bool(wanted) and kind.lower() == "bearer" and constant_time_compare(given.strip(), wanted)
