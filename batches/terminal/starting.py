"""Start a batch from a terminal: the form of the site is filled in from the command line, and read as there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from audit.models import Entry
from batches.models import Batch
from batches.starting import services, uploads
from batches.starting.forms import BEGIN, StartForm
from batches.starting.origins import Origin
from batches.starting.rungs import NAMES as RUNG
from batches.starting.rungs import filled_rungs
from batches.starting.seeing import Seen, see
from batches.terminal import paces
from batches.terminal.exits import Exit, Stop, refused
from batches.terminal.sources import origin_of, sum_of
from worker.batch_contract import FAIL

NAMES = (
    "title", "job", "item_key", "chunk_size", "max_parallel", "item_attempts", "item_timeout_seconds",
    "chunk_timeout_seconds", "tolerated", "service", "on_tolerance", "strategy", "parent_close_policy", "wait",
    "group_by",
    "on_open", "hold_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Begun:
    """``unread``: so many rows of the file cannot be read, and will fail."""

    row: Batch
    new: bool
    unread: int = 0


def begin(options: Mapping[str, Any], by: User) -> Begun:
    """The same id again is the same batch. A copy in vain, refused or second, is removed."""
    uuid = options["id"] or uuid4()
    if (before := _before(uuid, by, options)) is not None:
        return Begun(before, new=False)
    origin = origin_of(options, by)
    copied = origin.upload if options["file"] else None
    try:
        begun = _begin(options, by, uuid, origin)
        return replace(begun, new=copied is None or begun.row.upload_id == copied.pk)
    finally:
        if copied and not Batch.objects.filter(upload=copied).exists():
            uploads.remove(copied)


def _before(uuid: UUID, by: User, options: Mapping[str, Any]) -> Batch | None:
    row = Batch.objects.filter(uuid=uuid).first()
    if row is not None and row.user_id != by.pk:
        raise Stop(Exit.REFUSED, _("This id is that of somebody else's batch. Nothing was started."))
    if row is not None and (other := _other(row, options)):
        said = _("Under this id %(batch)s was started before, %(other)s. Nothing was started.")
        raise Stop(Exit.REFUSED, said % {"batch": row.reference, "other": other}, batch=str(row.uuid))
    return row


def _other(row: Batch, options: Mapping[str, Any]) -> str:
    """What cannot be meant by the same order. A file that is gone by now was read when it was started."""
    if options["job"] not in (None, row.job):
        return _("with another job")
    known = row.upload.sha256 if row.upload else (row.spec.get("source") or {}).get("sha256")
    found = sum_of(options["file"]) if options["file"] and known else ""
    return _("over another file") if found and found != known else ""


def _begin(options: Mapping[str, Any], by: User, uuid: UUID, origin: Origin) -> Begun:
    given = _given(options, origin, uuid)
    seen = see(origin, given.get("item_key", ""))
    form = StartForm(data=given, source=seen.source, columns=seen.look.columns if seen.look else ())
    _check(form, seen, options["arg"])
    row = services.begin(
        spec=form.spec, by=by, uuid=uuid, upload=origin.upload, follows=origin.follows, known=Entry.Known.PROGRAM
    )
    return Begun(row, new=True, unread=seen.look.bad if seen.look else 0)


# --- as the form would be filled in ------------------------------------------------------------------------------


def _given(options: Mapping[str, Any], origin: Origin, uuid: UUID) -> dict[str, str]:
    """Nobody may be there to be asked: where too much fails it ends, unless something else is said."""
    given = {**BEGIN, "on_tolerance": FAIL, **origin.initial, "form_id": str(uuid)}
    given |= {name: options[name] for name in NAMES if options[name] is not None}
    if options["pace"] is not None:
        given = {name: value for name, value in given.items() if not name.startswith("pace-")}
        for place, limit in enumerate(paces.typed(options["pace"])):
            given |= {f"pace-{place}-{name}": value for name, value in limit.items()}
    if options["fallback"] is not None:
        given = {name: value for name, value in given.items() if not name.startswith("rung-")}
        given |= filled_rungs({"fallbacks": [_rung(text) for text in options["fallback"]]})
    return given | _arguments(given.get("job", ""), options["arg"])


def _rung(text: str) -> dict[str, Any]:
    """What its values are worth the form says."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refused({"fallback": [_("%(text)s: write a JSON object with a name and a job.") % {"text": text[:80]}]})
    if odd := [name for name in found if name not in RUNG]:
        raise refused({"fallback": [_("A rung has no %(name)s.") % {"name": str(odd[0])[:80]}]})
    return found


def _arguments(job: str, given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or f"arg-{job}-{name}" in found:
            raise refused({"arg": [_("%(text)s: write NAME=VALUE, each name once.") % {"text": text[:80]}]})
        found[f"arg-{job}-{name}"] = value
    return found


def _check(form: StartForm, seen: Seen, args: list[str]) -> None:
    """In the words of the form. It does not ask for arguments that a job does not take; here they can be given."""
    if seen.key_problem:
        form.add_error("item_key", seen.key_problem)
    job = next((one.job for one in form.jobs if one.name == form["job"].value()), None)
    known = [one.name for one in job.parameters] if job else []
    for name in (text.partition("=")[0] for text in args if job):
        if name not in known:
            takes = ", ".join(known) or _("none")
            form.add_error("job", _("There is no argument %(name)s; it takes: %(takes)s.") % _about(name, takes))
    if not form.is_valid():
        raise refused({str(name): [str(said) for said in errors] for name, errors in form.errors.items()})


def _about(name: str, takes: str) -> dict[str, str]:
    return {"name": name[:80], "takes": takes}
