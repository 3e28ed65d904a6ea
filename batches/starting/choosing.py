"""What people send or type becomes an upload, if a batch could be begun over it; else they are told why not."""

from django.contrib.auth.models import User
from django.core.files.uploadhandler import StopUpload
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.models import Upload
from batches.starting import uploads
from batches.starting.origins import look_of
from batches.starting.receiving import Received
from worker.datasets.looking import format_of
from worker.datasets.references import CSV, JSONL, BadSource, Reference

LINES = "lines"
KINDS = (
    (LINES, gettext_lazy("each line is an item")),
    (CSV, gettext_lazy("CSV, the first line names the columns")),
    (JSONL, gettext_lazy("JSON lines")),
)
MOST_TYPED = 1_000_000


def received(given: Received, by: User) -> Upload:
    """Raises BadSource for what is too big, was not kept, or holds nothing that could be done."""
    if given.too_big:
        said = _("The file is bigger than %(most)s MB, which is the most that is taken. Put it into a folder instead.")
        raise BadSource(said % {"most": f"{uploads.most() // 1_000_000:,}"})
    if given.failed:
        raise BadSource(_("The file could not be kept here: %(why)s. Nothing of it was taken.") % {"why": given.failed})
    if given.path is None:
        raise BadSource(_("Choose a file first."))
    return _looked_at(uploads.keep(given, format_of(given.name, given.begin), by))


def typed(text: str, kind: str, by: User) -> Upload:
    if not text.strip():
        raise BadSource(_("Type or paste at least one line."))
    if len(text) > MOST_TYPED:
        raise BadSource(too_much_typed())
    try:
        given = uploads.typed(text, kind not in (CSV, JSONL))
    except StopUpload:
        raise BadSource(_("It could not be kept here: the disk may be full.")) from None
    try:
        return _looked_at(uploads.keep(given, CSV if kind == CSV else JSONL, by))
    finally:
        given.discard()


def too_much_typed() -> str:
    return _("This is more than a million characters. Put it into a file, and upload that.")


def _looked_at(upload: Upload) -> Upload:
    """What no batch could be begun over is not kept."""
    try:
        look_of(Reference(upload.uri, upload.format, upload.sha256, upload.size), "")
    except BadSource:
        uploads.remove(upload)
        raise
    return upload
