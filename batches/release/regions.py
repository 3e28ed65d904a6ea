"""The live pieces of an approval in front: on the batch's page whom it waits for, on the request's how the batch is."""

from collections.abc import Hashable, Mapping
from typing import Any

from approvals.access import visible_to
from batches.models import Release
from batches.regions import OfOneBatch, remembered_page
from batches.release.shown import asked_of
from circuits.access import is_ops
from live.once import once
from live.regions import register


@register
class BatchReleaseRegion(OfOneBatch):
    """Whom it waits for, or what came of it. The request itself is for those who may see it."""

    name = "batch-release"
    template = "batches/_release.html"
    interval = 1.0

    def audience(self, user: Any, key: str) -> Hashable:
        return is_ops(user), once(("sees_release", user.pk, key), lambda: _sees(user, key))

    def version(self, key: str, audience: Hashable) -> Hashable:
        latest = Release.objects.filter(batch__uuid=key).order_by("pk")
        return super().version(key, audience), latest.values_list("pk", "state", "request__updated_at").last()

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        assert isinstance(audience, tuple)
        page = remembered_page(key)
        return {"page": page, "asked": asked_of(page.row), "ops": audience[0], "sees": audience[1]}


@register
class BatchBriefRegion(OfOneBatch):
    """How a batch is, in a line, on the page of the request that asks for it."""

    name = "batch-brief"
    template = "batches/_brief.html"
    interval = 1.0

    def read(self, key: str, audience: Hashable) -> Mapping[str, Any]:
        page = remembered_page(key)
        return {"page": page, "asked": asked_of(page.row)}


def _sees(user: Any, key: str) -> bool:
    """The latest one: that of an earlier question is another request."""
    latest = Release.objects.filter(batch__uuid=key).order_by("-pk").values_list("request_id", flat=True).first()
    return latest is not None and visible_to(user).filter(pk=latest).exists()
