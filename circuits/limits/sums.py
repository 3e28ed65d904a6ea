"""What the limits of each worker make together, and whether they or the queue's own limit bind. Pure but for words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from circuits.limits.numbers import rate


@dataclass(frozen=True)
class Offer:
    """What one worker process offers to a queue. ``per_second`` None: no limit; ``slots`` 0: it did not say."""

    slots: int = 0
    used: int = 0
    per_second: float | None = None


@dataclass(frozen=True)
class Sum:
    """Of all that live. ``total`` None: one of them has no limit of its own, so their sum has none."""

    workers: int
    slots: int
    used: int
    total: float | None

    @property
    def free(self) -> int:
        return max(0, self.slots - self.used)


def summed(offers: Sequence[Offer]) -> Sum:
    rates = [offer.per_second for offer in offers]
    known = [each for each in rates if each is not None]
    total = sum(known) if known and len(known) == len(rates) else None
    return Sum(len(offers), sum(one.slots for one in offers), sum(one.used for one in offers), total)


def sentence(offers: Sequence[Offer], queue_limit: float | None) -> str:
    """ "3 workers × 50 a second = 150 a second; the queue-wide limit of 100 binds." """
    if not offers:
        return _("No worker serves this queue: nothing is taken from it, whatever the limit.")
    return _("%(sum)s; %(binds)s.") % {"sum": _added(offers), "binds": _binds(summed(offers), queue_limit)}


def _added(offers: Sequence[Offer]) -> str:
    counted = Counter(offer.per_second for offer in offers)
    limited = sorted(((each, number) for each, number in counted.items() if each is not None), reverse=True)
    parts = [_times(number, each) for each, number in limited]
    if not parts:
        return _free(counted[None])
    together = " + ".join(parts)
    if counted[None]:
        return get_text_list([_("%(rate)s a second") % {"rate": together}, _free(counted[None])], _("and"))
    total = summed(offers).total
    return _("%(parts)s a second = %(total)s a second") % {"parts": together, "total": rate(total)}


def _times(number: int, each: float) -> str:
    said = ngettext("%(number)d worker × %(rate)s", "%(number)d workers × %(rate)s", number)
    return said % {"number": number, "rate": rate(each)}


def _free(number: int) -> str:
    said = ngettext(
        "%(number)d worker without a limit a second of its own",
        "%(number)d workers without a limit a second of their own",
        number,
    )
    return said % {"number": number}


def _binds(whole: Sum, limit: float | None) -> str:
    about = {"limit": rate(limit), "slots": rate(whole.slots)}
    if limit == 0:
        return _("the queue-wide limit of 0 stops all of them")
    if limit is not None and (whole.total is None or limit < whole.total):
        return _("the queue-wide limit of %(limit)s binds") % about
    if limit is not None and limit == whole.total:
        return _("the queue-wide limit of %(limit)s is the same") % about
    if limit is not None:
        return _("they stay below the queue-wide limit of %(limit)s, which does not bind") % about
    if whole.total is not None:
        return _("no queue-wide limit is set, so their sum binds")
    return _("no queue-wide limit is set: only the %(slots)s places bind, each taken while an activity runs") % about
