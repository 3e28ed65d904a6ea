"""The batch on the page of the request that asks for it: how it is, and its first items as long as that is decided."""

from collections.abc import Mapping
from typing import Any

from approvals.models import Request
from batches.models import Release
from batches.release.looked import first_of

TEMPLATE = "batches/_asked_for.html"


def read(request: Request) -> Mapping[str, Any] | None:
    """For ``approvals.panels``; None where no batch is asked for."""
    release = Release.objects.select_related("batch").filter(request=request).first()
    if release is None:
        return None
    return {"release": release, "row": release.batch, "first": first_of(release.batch) if request.is_open else None}
