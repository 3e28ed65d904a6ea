"""How the ledger's page calls the streams of approvals, and finds them: by "R-2041", a uuid, words of a title."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from approvals.models import Level, Policy, Request
from audit import subjects
from audit.subjects import Subject
from worker.reading import as_uuid

FIRST = 2_000
"""R-2001 is the first row (``Request.reference``)."""


def requests_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    uuids = [uuid for key in keys if (uuid := as_uuid(key))]
    rows = Request.objects.filter(uuid__in=uuids).only("uuid", "title")
    return {str(row.uuid): Subject(str(row), row.get_absolute_url()) for row in rows}


def requests_meant(text: str, most: int) -> Sequence[str]:
    rows = Request.objects.order_by("-pk")
    if number := re.fullmatch(r"[Rr]-(\d{4,18})", text):
        rows = rows.filter(pk=int(number[1]) - FIRST)
    elif uuid := as_uuid(text):
        rows = rows.filter(uuid=uuid)
    elif ":" in text or len(text) < 2:  # the name of a stream, or next to nothing
        return []
    else:
        rows = rows.filter(title__icontains=text[:200])
    return [str(found) for found in rows.values_list("uuid", flat=True)[:most]]


def levels_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    titles = Level.objects.filter(name__in=keys).values_list("name", "title")
    return {name: Subject(_("Level %(title)s") % {"title": title}) for name, title in titles}


def policies_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    titles = Policy.objects.filter(kind__in=keys).values_list("kind", "title")
    return {kind: Subject(_("Policy %(title)s") % {"title": title}) for kind, title in titles}


def _named(model: type[Level] | type[Policy], key: str, text: str, most: int) -> Sequence[str]:
    found = model._default_manager.filter(title__iexact=text[:80]).values_list(key, flat=True)
    return list(found[:most])


subjects.register("request", labels=requests_called, find=requests_meant)
subjects.register("level", labels=levels_called, find=lambda text, most: _named(Level, "name", text, most))
subjects.register("policy", labels=policies_called, find=lambda text, most: _named(Policy, "kind", text, most))
