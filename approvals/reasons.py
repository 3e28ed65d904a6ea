"""Why you, or why not you, rule by rule: each rule of the recording activity, in its order, and how it comes out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.access import Sight
from approvals.holders import day_of
from approvals.models import Delegation, LevelHolder, Request
from approvals.rows import a_level_is_open, approved_as, kind_titles
from approvals.words import in_a_sentence, listed

OK, NO, OFF = "ok", "no", "off"
_HOLDS = gettext_lazy("You hold it, or stand in for somebody who does")


@dataclass(frozen=True)
class Rule:
    """``state``: "ok", "no", or "off" where it is not asked, because an earlier one says no."""

    state: str
    title: str
    said: str = ""


@dataclass(frozen=True)
class _Way:
    """One way in which this person might come to decide: a level that they hold, or one of whom they stand in for."""

    level: str
    kinds: tuple[str, ...]
    first: date | None
    last: date | None
    holder_id: int | None = None
    holder: str = ""

    def counts_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def counts_for(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


def rules_for(sight: Sight, request: Request, titles: Mapping[str, str]) -> tuple[Rule, ...]:
    """Only of what waits: of what is closed, nobody decides. ``request`` comes with its steps."""
    if not a_level_is_open(request):
        return ()
    tried = [tuple(_along(way, sight, request, titles)) for way in _ways(sight.user_id, request.current_level)]
    best = max(tried, key=_how_far, default=())
    level = in_a_sentence(titles.get(request.current_level, request.current_level))
    opened = Rule(OK, _("A level is open"), _("It waits for %(level)s.") % {"level": level})
    return (opened, *(best or _without(sight, titles)))


def _how_far(rules: tuple[Rule, ...]) -> tuple[bool, int]:
    """All the way, or how many rules say yes. Of those that lead all the way the first, which is one's own right."""
    passed = sum(rule.state == OK for rule in rules)
    return (True, 0) if passed == len(rules) else (False, passed)


def _ways(user_id: int, level: str) -> Iterator[_Way]:
    """Those of their own first. Not yet, no longer and not for this kind are among them: that is what is said."""
    of_level = {"level__name": level} if level else {}
    held = LevelHolder.objects.filter(user_id=user_id, **of_level).order_by("level__rank")
    for row in held.values_list("level__name", "kinds", "valid_from", "valid_until"):
        name, kinds, first, last = row
        yield _Way(name, tuple(kinds.split()), first, last)
    yield from _lent(user_id, of_level)


def _lent(user_id: int, of_level: Mapping[str, str]) -> Iterator[_Way]:
    """A delegation lasts no longer than what it lends."""
    theirs = "delegator__levels_held__"
    lent = Delegation.objects.standing(day_of(timezone.now())).filter(
        delegate_id=user_id, delegator__is_active=True, **{f"{theirs}level": F("level")}, **of_level
    )
    names = ("delegator__first_name", "delegator__last_name", "delegator__username")
    days = ("from_day", "until_day", f"{theirs}valid_from", f"{theirs}valid_until")
    rows = lent.order_by("pk").values_list("level__name", f"{theirs}kinds", "delegator_id", *names, *days)
    for name, kinds, pk, first_name, last_name, username, first, last, held_from, held_until in rows:
        who = f"{first_name} {last_name}".strip() or username
        begins, ends = max(first, held_from or first), min(last, held_until or last)
        yield _Way(name, tuple(kinds.split()), begins, ends, pk, who)


def _along(way: _Way, sight: Sight, request: Request, titles: Mapping[str, str]) -> Iterator[Rule]:
    """Each rule until one says no; the others are not asked then."""
    asked = True
    of_level = (_held(way, titles), _dated(way), _of_kind(way, request))
    for title, ok, said in (*of_level, *_personal(way, sight, request, titles)):
        yield Rule((OK if ok else NO) if asked else OFF, title, said if asked else "")
        asked = asked and ok


def _held(way: _Way, titles: Mapping[str, str]) -> tuple[str, bool, str]:
    level = in_a_sentence(titles.get(way.level, way.level))
    if not way.holder:
        return str(_HOLDS), True, _("You hold the level %(level)s.") % {"level": level}
    said = _("You stand in for %(who)s as %(level)s.") % {"who": way.holder, "level": level}
    return str(_HOLDS), True, said


def _dated(way: _Way) -> tuple[str, bool, str]:
    today = day_of(timezone.now())
    if way.counts_on(today):
        said = _("Until %(day)s.") % {"day": _day(way.last)} if way.last else _("Without an end.")
    elif way.first and way.first > today:
        said = _("It begins on %(day)s.") % {"day": _day(way.first)}
    else:
        said = _("It ended with %(day)s.") % {"day": _day(way.last)}
    return _("It counts today"), way.counts_on(today), said


def _of_kind(way: _Way, request: Request) -> tuple[str, bool, str]:
    known = kind_titles()
    kinds = listed([known.get(kind, kind) for kind in way.kinds])
    said = _("Only for %(kinds)s.") % {"kinds": kinds} if kinds else _("For every kind.")
    return _("It counts for this kind of request"), way.counts_for(request.kind), said


def _personal(way: _Way, sight: Sight, request: Request, titles: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    """What speaks against a person: first against the one who decides, then against the one for whom they would."""
    yield _not_own(sight.user_id, request)
    yield _not_twice(sight.user_id, request, titles)
    if way.holder_id is not None:
        asked = request.requester_id == way.holder_id
        barred = _("%(who)s asked for it, so no stand-in of theirs decides it.")
        said = barred if asked else _("Somebody else asked for it.")
        title = _("It is not a request of %(who)s")
        yield title % {"who": way.holder}, not asked, said % {"who": way.holder}
        yield _not_twice(way.holder_id, request, titles, way.holder)


def _not_own(user_id: int, request: Request) -> tuple[str, bool, str]:
    asked = request.requester_id is not None and request.requester_id == user_id
    said = _("You asked for it.") if asked else _("Somebody else asked for it.")
    if asked and request.self_approval:
        said = _("You asked for it, and the policy lets you decide it.")
    return _("It is not your own request"), not asked or request.self_approval, said


def _not_twice(user_id: int, request: Request, titles: Mapping[str, str], who: str = "") -> tuple[str, bool, str]:
    step = approved_as(user_id, request)
    theirs, yours = _("%(who)s has not decided another level of it"), _("You have not decided another level of it")
    title = theirs % {"who": who} if who else yours
    if step is None:
        return title, True, _("No level of it yet.")
    level = in_a_sentence(titles.get(step.level, step.level))
    if not request.distinct_approvers:
        return title, True, _("As %(level)s, and the policy lets one person decide several levels.") % {"level": level}
    return title, False, _("Decided as %(level)s already.") % {"level": level}


def _without(sight: Sight, titles: Mapping[str, str]) -> tuple[Rule, ...]:
    """Who has nothing to do with the level is told what they have instead."""
    held = listed([in_a_sentence(titles.get(name, name)) for name in sight.deciding if name])
    said = _("You decide as %(levels)s.") % {"levels": held} if held else _("You hold no level.")
    return (Rule(NO, str(_HOLDS), said),)


def _day(day: date | None) -> str:
    return date_format(day, "j M Y") if day else ""
