"""What the shell of every page reads: who this person is here."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from approvals.absence_queries import Covers, covers
from approvals.models import LevelHolder
from audit.queries import AUDITORS
from circuits.notices import OPS


@dataclass(frozen=True)
class Roles:
    """What somebody may do on this site, as far as the navigation and the menu tell."""

    levels: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    superuser: bool = False
    covers: tuple[Covers, ...] = ()
    """Who stands in for them now, and for whom they do."""

    @property
    def may_audit(self) -> bool:
        return self.superuser or AUDITORS in self.groups

    @property
    def ops(self) -> bool:
        return self.superuser or OPS in self.groups

    @property
    def in_words(self) -> str:
        parts = []
        if self.levels:
            parts.append(_("You decide as %(levels)s.") % {"levels": get_text_list(list(self.levels), _("and"))})
        if lent := [one for one in self.covers if not one.away]:
            said = [_("%(level)s for %(who)s") % {"level": _small(one.level), "who": one.other} for one in lent]
            parts.append(_("You stand in as %(levels)s.") % {"levels": get_text_list(said, _("and"))})
        if self.superuser:
            parts.append(_("You see everything and look after the site."))
        if AUDITORS in self.groups:
            parts.append(_("You read the ledger."))
        if OPS in self.groups:
            parts.append(_("You run batches and circuits."))
        return " ".join(parts or [_("You ask; others decide. You hold no level.")])


def roles_of(user: Any) -> Roles:
    """Three reads, and only for a page that shows them (the context hands this over unread)."""
    if not user.is_authenticated:
        return Roles()
    holds = LevelHolder.objects.current().filter(user_id=user.pk)
    held = holds.order_by("level__rank").values_list("level__title", flat=True)
    groups = frozenset(user.groups.values_list("name", flat=True))
    return Roles(tuple(map(_small, held)), groups, user.is_superuser, covers(user))


def _small(title: str) -> str:
    return title.lower() if len(title) > 3 else title
