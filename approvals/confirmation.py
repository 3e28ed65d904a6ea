"""What a list says about whether the workflows agree with it: in the list's foot, and on the rows that need a word."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _

from approvals import confirming
from approvals.access import Sight, visible
from approvals.confirmer import confirmer
from approvals.confirming import MOVING, Known
from approvals.rows import Row
from approvals.words import listed


@dataclass(frozen=True)
class Left:
    """A request that was corrected and so left the list."""

    reference: str
    url: str
    words: str


@dataclass(frozen=True)
class Confirmation:
    """``state``: "confirming", "confirmed" (``at``: the oldest), "missed" (some or all), "off"; "": nothing is open."""

    state: str = ""
    words: str = ""
    at: datetime | None = None
    left: tuple[Left, ...] = ()


Rows = tuple[Row, ...]


def confirmed(sight: Sight, screen: Hashable, *lists: Sequence[Row]) -> tuple[Confirmation, list[Rows]]:
    """What is known of what these lists show, which is asked for by the way; and the rows with what is said on them."""
    now = datetime.now(UTC).timestamp()
    known = {row.pk: confirming.seen(row.pk, screen) for rows in lists for row in rows if row.is_open and row.started}
    _ask([row for rows in lists for row in rows if row.pk in known], known, now)
    found = replace(_summed_up(list(known.values()), now), left=_left(sight, screen, lists))
    some = found.state == "missed" and any(one.confirmed(now) for one in known.values())
    return found, [tuple(_with_words(row, known.get(row.pk), now, some) for row in rows) for rows in lists]


def _ask(rows: Sequence[Row], known: dict[int, Known], now: float) -> None:
    due = [row.pk for row in rows if known[row.pk].due(row.updated_at, now)]
    first = [pk for pk in due if not known[pk].tried]
    if due:
        confirmer().ask(first, [pk for pk in due if known[pk].tried])


def _summed_up(known: Sequence[Known], now: float) -> Confirmation:
    missed = [one.trouble for one in known if one.trouble not in ("", MOVING)]
    if not known:
        return Confirmation()
    if not settings.CONFIRM_A_SECOND:
        return Confirmation("off", _("Shown as recorded; every minute it is compared with the workflows."))
    if missed:
        return Confirmation("missed", _missed(missed, len(known)), _oldest(known))
    if all(one.confirmed(now) for one in known):
        return Confirmation("confirmed", _("Confirmed against the workflows"), _oldest(known))
    return Confirmation("confirming", _("Shown as recorded; being confirmed against the workflows."))


def _oldest(known: Sequence[Known]) -> datetime | None:
    times = [one.at for one in known if one.at]
    return datetime.fromtimestamp(min(times), UTC) if len(times) == len(known) else None


def _missed(troubles: Sequence[str], total: int) -> str:
    [(trouble, _count)] = Counter(troubles).most_common(1)
    why = {
        "no-temporal": _("Temporal does not answer"),
        "no-worker": _("no worker runs"),
        "missing": _("Temporal does not know its workflow"),
        "differs": _("the record says more than the workflow, and is left to people"),
    }.get(trouble, _("the workflow does not answer"))
    said = _("%(count)d of %(total)d could not be confirmed: %(why)s. Shown is what was recorded last.")
    return said % {"count": len(troubles), "total": total, "why": why}


def _with_words(row: Row, known: Known | None, now: float, some: bool) -> Row:
    """Only where there is something to say: what is as it should be looks as always."""
    if known is None:
        return row if not (here := confirming.known(row.pk)).corrected_lately(now) else _corrected(row, here)
    if known.corrected_lately(now):
        return _corrected(row, known)
    return replace(row, unconfirmed=True) if some and known.trouble not in ("", MOVING) else row


def _corrected(row: Row, known: Known) -> Row:
    return replace(row, corrected=said_of(known.changed))


def said_of(changed: Sequence[str]) -> str:
    """Names of fields, and of steps, in words."""
    words = {
        "status": _("its state"),
        "current_step": _("its level"),
        "current_level": _("its level"),
        "deadline": _("its deadline"),
    }
    said = [words.get(name, _("its chain")) for name in changed]
    return listed(list(dict.fromkeys(said)))


def _left(sight: Sight, screen: Hashable, lists: Sequence[Sequence[Row]]) -> tuple[Left, ...]:
    pks = confirming.left(screen, [row.pk for rows in lists for row in rows])
    if not pks:
        return ()
    return tuple(
        Left(one.reference, one.get_absolute_url(), said_of(confirming.known(one.pk).changed))
        for one in visible(sight).filter(pk__in=pks).order_by("pk")
    )
