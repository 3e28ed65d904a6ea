"""How the ledger's page calls the streams of batches, and finds them: by a uuid, or words of a title."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from audit import subjects
from audit.subjects import Subject
from batches.models import Batch, DataSet, Schedule
from worker.reading import as_uuid


def batches_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    uuids = [uuid for key in keys if (uuid := as_uuid(key))]
    rows = Batch.objects.filter(uuid__in=uuids).only("uuid", "title")
    return {str(row.uuid): Subject(_("Batch %(title)s") % {"title": row}, row.get_absolute_url()) for row in rows}


def batches_meant(text: str, most: int) -> Sequence[str]:
    rows = Batch.objects.order_by("-pk")
    if uuid := as_uuid(text):
        rows = rows.filter(uuid=uuid)
    elif ":" in text or len(text) < 2:  # the name of a stream, or next to nothing
        return []
    else:
        rows = rows.filter(title__icontains=text[:200])
    return [str(found) for found in rows.values_list("uuid", flat=True)[:most]]


def schedules_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    uuids = [uuid for key in keys if (uuid := as_uuid(key))]
    rows = Schedule.objects.filter(uuid__in=uuids).only("uuid", "title")
    return {str(row.uuid): Subject(_("Schedule %(title)s") % {"title": row}, row.get_absolute_url()) for row in rows}


def schedules_meant(text: str, most: int) -> Sequence[str]:
    if ":" in text or len(text) < 2:
        return []
    rows = Schedule.objects.filter(title__icontains=text[:200]).order_by("-pk")
    return [str(found) for found in rows.values_list("uuid", flat=True)[:most]]


def sets_called(keys: Sequence[str]) -> Mapping[str, Subject]:
    uuids = [uuid for key in keys if (uuid := as_uuid(key))]
    rows = DataSet.objects.filter(uuid__in=uuids).only("uuid", "title")
    return {str(row.uuid): Subject(_("Data set %(title)s") % {"title": row}, row.get_absolute_url()) for row in rows}


def sets_meant(text: str, most: int) -> Sequence[str]:
    if ":" in text or len(text) < 2:
        return []
    rows = DataSet.objects.filter(title__icontains=text[:200]).order_by("-pk")
    return [str(found) for found in rows.values_list("uuid", flat=True)[:most]]


def workflows_called(ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """A title and a page for each id that is a batch's."""
    rows = Batch.objects.filter(workflow_id__in=ids).only("uuid", "title", "workflow_id").order_by("pk")
    return {row.workflow_id: (_("Batch %(title)s") % {"title": row}, row.get_absolute_url()) for row in rows}


subjects.register("batch", labels=batches_called, find=batches_meant)
subjects.register("dataset", labels=sets_called, find=sets_meant)
subjects.register("schedule", labels=schedules_called, find=schedules_meant)
