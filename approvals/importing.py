"""Levels for many people at once, from CSV: an answer for every line, and nothing written before that was read."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _

from approvals.granting import said
from approvals.holders import packed
from approvals.models import Level, LevelHolder, Policy
from audit.services import append
from live.hub import forget_grants
from live.writes import write

COLUMNS = ("username", "level", "valid_from", "valid_until", "kinds")
MOST = 50_000
PER_ENTRY = 500
NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"


@dataclass
class Line:
    """One line of the file and the answer to it."""

    number: int
    cells: Mapping[str, str]
    state: str = ""
    answer: str = ""
    holder: LevelHolder | None = None

    def wrong(self, answer: str) -> "Line":
        self.state, self.answer = WRONG, answer
        return self


@dataclass
class Preview:
    """What would be done. ``problem``: why the file as a whole cannot be read."""

    lines: list[Line] = field(default_factory=list)
    problem: str = ""

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(line.state for line in self.lines)
        return {state: found.get(state, 0) for state in (NEW, CHANGED, SAME, WRONG)}

    def of(self, *states: str) -> list[Line]:
        return [line for line in self.lines if line.state in states]


# --- reading ----------------------------------------------------------------------------------------------------


def text_of(data: bytes) -> str:
    """What is not UTF-8 stays recognisable, so that its line gets the answer and not the whole file."""
    return data.decode("utf-8-sig", "surrogateescape")


def preview(text: str) -> Preview:
    if text[:1] in ("\udcff", "\udcfe"):
        return Preview(problem=_("The file is not UTF-8 text. Save it as “CSV UTF-8” and choose it again."))
    rows = [(number, row) for number, row in enumerate(text.splitlines(), start=1) if row.strip()]
    if not rows:
        return Preview(problem=_("The file is empty."))
    if len(rows) > MOST + 1:
        return Preview(problem=_("More than %(most)s lines. Split the file.") % {"most": f"{MOST:,}"})
    head = rows[0][1]
    delimiter = max(",;\t", key=head.count)
    names = [name.strip().strip('"').lower() for name in head.split(delimiter)]
    if problem := _wrong_head(names):
        return Preview(problem=problem)
    return Preview(_answered([_line(number, row, names, delimiter) for number, row in rows[1:]]))


def _wrong_head(names: list[str]) -> str:
    expected = ", ".join(COLUMNS)
    if not {"username", "level"} <= set(names):
        return _("The first line has to name the columns: %(expected)s.") % {"expected": expected}
    strange = [name for name in names if name not in COLUMNS]
    if strange or len(set(names)) < len(names):
        said = _("The first line names columns that are not known here, or one twice. Known are: %(expected)s.")
        return said % {"expected": expected}
    return ""


def _line(number: int, row: str, names: list[str], delimiter: str) -> Line:
    """Each line by itself: a quote that is left open spoils its own line and no other."""
    line = Line(number, {})
    if any("\udc80" <= letter <= "\udcff" for letter in row):
        shown = row.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        line.cells = {"username": shown[:60]}
        return line.wrong(_("Not UTF-8 text: its letters cannot be read."))
    if "\x00" in row:
        return line.wrong(_("It holds a character that is no text."))
    try:
        (cells,) = csv.reader([row], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        line.cells = {"username": row[:60]}
        return line.wrong(_("A quotation mark is left open."))
    line.cells = dict(zip(names, (cell.strip() for cell in cells), strict=False))
    if len(cells) != len(names):
        return line.wrong(_("%(has)d cells instead of %(wanted)d.") % {"has": len(cells), "wanted": len(names)})
    return line


# --- answering --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the lines are compared with, read in a few queries however many they are."""

    users: Mapping[str, User]
    levels: Mapping[str, Level]
    kinds: frozenset[str]
    holders: Mapping[tuple[int, int], LevelHolder]


def _answered(lines: list[Line]) -> list[Line]:
    readable = [line for line in lines if not line.state]
    known = _known({line.cells["username"] for line in readable})
    first: dict[tuple[str, str], int] = {}
    for line in readable:
        key = (line.cells["username"], line.cells["level"])
        _answer(line, known)
        if line.state != WRONG and key in first:
            line.wrong(_("The same person and level as in line %(number)d.") % {"number": first[key]})
        first.setdefault(key, line.number)
    return lines


def _known(usernames: set[str]) -> Known:
    users: dict[str, User] = {}
    holders: dict[tuple[int, int], LevelHolder] = {}
    for some in _batches(sorted(usernames), 500):
        users.update({user.username: user for user in User.objects.filter(username__in=some)})
        for holder in LevelHolder.objects.filter(user__username__in=some).order_by():
            holders[holder.user_id, holder.level_id] = holder
    levels = {level.name: level for level in Level.objects.all()}
    return Known(users, levels, frozenset(Policy.objects.values_list("kind", flat=True)), holders)


def _answer(line: Line, known: Known) -> None:
    cells = line.cells
    user, level = known.users.get(cells["username"]), known.levels.get(cells["level"])
    kinds = cells.get("kinds", "").replace(";", " ").replace("|", " ").replace(",", " ").split()
    strange = [kind for kind in kinds if kind not in known.kinds]
    try:
        first, last = (_day(cells.get(name, "")) for name in ("valid_from", "valid_until"))
    except ValueError as wrong:
        line.wrong(_("“%(text)s” is not a day. Write it as 2026-03-31.") % {"text": str(wrong)[:40]})
        return
    if user is None:
        line.wrong(_("Nobody here is called “%(name)s”.") % {"name": cells["username"][:60]})
    elif not user.is_active:
        line.wrong(_("“%(name)s” is not active and decides nothing.") % {"name": cells["username"][:60]})
    elif level is None:
        line.wrong(_("There is no level “%(name)s”.") % {"name": cells["level"][:60]})
    elif strange:
        line.wrong(_("There is no kind “%(name)s”.") % {"name": strange[0][:60]})
    elif first and last and last < first:
        line.wrong(_("It would end before it begins."))
    else:
        days = {"valid_from": first, "valid_until": last}
        _compare(line, LevelHolder(user=user, level=level, kinds=packed(kinds), **days), known)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(text) from None


def _compare(line: Line, wanted: LevelHolder, known: Known) -> None:
    has = known.holders.get((wanted.user_id, wanted.level_id))
    facts = ("valid_from", "valid_until", "kinds")
    if has is None:
        line.state, line.answer, line.holder = NEW, _("Is given the level."), wanted
    elif all(getattr(has, name) == getattr(wanted, name) for name in facts):
        line.state, line.answer = SAME, _("Has it so already.")
    else:
        wanted.pk, wanted.version = has.pk, has.version + 1
        line.state, line.answer, line.holder = CHANGED, _("Has it; days or kinds change."), wanted


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# --- writing ----------------------------------------------------------------------------------------------------


def carry_out(text: str, *, by: User) -> Preview:
    """Everything that is right in it, in one transaction, as things stand now; what is wrong is left out."""
    with write():
        done = preview(text)
        new, changed = ([line.holder for line in done.of(state) if line.holder] for state in (NEW, CHANGED))
        LevelHolder.objects.bulk_create(new, batch_size=PER_ENTRY)
        LevelHolder.objects.bulk_update(
            changed, ["valid_from", "valid_until", "kinds", "version"], batch_size=PER_ENTRY
        )
        _enter([*new, *changed], by)
        _log(new, ADDITION, by)
        _log(changed, CHANGE, by)
        transaction.on_commit(forget_grants)
    return done


def _enter(holders: Iterable[LevelHolder], by: User) -> None:
    """An entry for each 500 people of a level: one for each of 50,000 would hold the ledger for a minute."""
    by_level: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for holder in holders:
        by_level[holder.level.name].append(said(holder))
    one = str(uuid4())
    for level, people in by_level.items():
        for some in _batches(people, PER_ENTRY):
            data = {"import": one, "number": len(some), "people": some}
            append(
                stream=f"level:{level}", kind="level.assigned", actor=by.get_username(), known="signed_in", data=data
            )


def _log(holders: list[LevelHolder], flag: int, by: User) -> None:
    """The admin site's own history of each assignment."""
    kind = ContentType.objects.get_for_model(LevelHolder)
    LogEntry.objects.bulk_create(
        (
            LogEntry(
                user=by,
                content_type=kind,
                object_id=str(holder.pk),
                object_repr=str(holder)[:200],
                action_flag=flag,
                change_message=_("Imported from CSV."),
            )
            for holder in holders
        ),
        batch_size=PER_ENTRY,
    )
