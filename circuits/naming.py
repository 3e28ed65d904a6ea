"""How the ledger's page calls the streams of circuits and of limits, and finds them."""

from collections.abc import Mapping, Sequence

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from audit import subjects
from audit.subjects import Subject
from circuits.models import Circuit, LimitedQueue, Service


def circuits_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    """Also those of services that were removed, or never registered: their circuits have pages too."""
    return {key: Subject(_("Circuit %(service)s") % {"service": key}, _page_of(key)) for key in keys}


def _page_of(service: str) -> str:
    try:
        return reverse("circuits:circuit", args=[service])
    except NoReverseMatch:
        return ""


def circuits_meant(text: str, most: int) -> Sequence[str]:
    if ":" in text or len(text) < 2 or "\x00" in text:  # the name of a stream, or next to nothing
        return []
    words = text[:200]
    services = Service.objects.filter(Q(name__icontains=words) | Q(title__icontains=words))
    found = [*services.values_list("name", flat=True)[:most]]
    found += Circuit.objects.filter(service__icontains=words).values_list("service", flat=True)[:most]
    return list(dict.fromkeys(found))[:most]


subjects.register("circuit", labels=circuits_called, find=circuits_meant)


# --- the limits of queues ---------------------------------------------------------------------------------------


def limits_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    page = reverse("limits:index")
    return {key: Subject(_("Limit of %(queue)s") % {"queue": key}, page) for key in keys}


def limits_meant(text: str, most: int) -> Sequence[str]:
    if ":" in text or len(text) < 2 or "\x00" in text:
        return []
    return list(LimitedQueue.objects.filter(name__icontains=text[:200]).values_list("name", flat=True)[:most])


subjects.register("limit", labels=limits_called, find=limits_meant)
