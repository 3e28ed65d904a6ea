"""Who was told, by mail and by webhook, and who could not be: in sentences of a request's history."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import webhooks
from accounts.models import Kind, Letter
from accounts.queries import WEBHOOK, Told, told
from accounts.receivers import Delivery
from approvals.words import listed

NAMED = 5
"""So many people are named; the others are a number."""

_SENT = {
    Kind.LEVEL_WAITS: gettext_lazy("Told by mail that it waits for them: %(names)s."),
    Kind.REMINDER: gettext_lazy("Reminded by mail: %(names)s."),
    Kind.OUTCOME: gettext_lazy("Told by mail what came of it: %(names)s."),
    Kind.QUESTION: gettext_lazy("Told by mail of the question: %(names)s."),
    Kind.ANSWER: gettext_lazy("Told by mail of the answer: %(names)s."),
    Kind.COMMENT: gettext_lazy("Told by mail of the comment: %(names)s."),
}
_IN_LOG = {
    Kind.LEVEL_WAITS: gettext_lazy("The mail that it waits is in the log, for no mail server is set: %(names)s."),
    Kind.REMINDER: gettext_lazy("The reminder is in the log, for no mail server is set: %(names)s."),
    Kind.OUTCOME: gettext_lazy("The mail with what came of it is in the log, for no mail server is set: %(names)s."),
    Kind.QUESTION: gettext_lazy("The mail with the question is in the log, for no mail server is set: %(names)s."),
    Kind.ANSWER: gettext_lazy("The mail with the answer is in the log, for no mail server is set: %(names)s."),
    Kind.COMMENT: gettext_lazy("The mail with the comment is in the log, for no mail server is set: %(names)s."),
}


def told_of(stream: str) -> Iterator[tuple[datetime, str]]:
    """When, and the sentence."""
    return ((one.at, _of_webhook(one) if one.by == WEBHOOK else _of_mail(one)) for one in told(stream))


def _of_webhook(one: Told) -> str:
    why = Delivery.Why(one.why).label if one.why in Delivery.Why.values else _("unknown")
    about = {"names": _named(one.names), "what": webhooks.title_of(one.kind), "why": why}
    if one.state == Delivery.State.DELIVERED:
        return _("Told by webhook (%(what)s): %(names)s.") % about
    if one.state == Delivery.State.FAILED:
        return _("Could not be told by webhook (%(what)s): %(names)s; %(why)s.") % about
    return _("Not told by webhook yet (%(what)s): %(names)s; %(why)s. It is tried again.") % about


def _of_mail(one: Told) -> str:
    if one.state == Letter.State.SENT:
        phrases = _IN_LOG if one.in_log else _SENT
        phrase = phrases.get(Kind(one.kind), gettext_lazy("Told by mail: %(names)s."))
        return str(phrase) % {"names": _named(one.names)}
    about = {"names": _named(one.names), "why": Letter.Why(one.why).label if one.why else _("unknown")}
    if one.state == Letter.State.FAILED:
        return _("Could not be told by mail: %(names)s (%(why)s).") % about
    return _("Not told by mail yet: %(names)s (%(why)s). It is tried again.") % about


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - NAMED
    if more <= 0:
        return listed(list(names))
    return listed([*names[:NAMED], ngettext("%(count)d other", "%(count)d others", more) % {"count": more}])
