"""What became of an order of a limit: settled once, in the ledger with it; and what people are told."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.ordering.words import clock, who
from audit.services import append
from circuits.limits.numbers import rate
from circuits.limits.rows import stream_of
from circuits.models import LimitOrder
from live.counting import count
from live.writes import write

A, Code, State = LimitOrder.Action, LimitOrder.Code, LimitOrder.State


def write_down(order: LimitOrder, kind: str, **more: Any) -> None:
    """Into the ledger, in the caller's transaction."""
    data = {"order": order.order_id, "per_second": order.limit, "reason": order.reason, **more}
    append(stream=stream_of(order.queue), kind=kind, actor=order.username, known="signed_in", data=data)


def applied(order: LimitOrder) -> bool:
    """The server has taken it. Compare and set: it may be settled already."""
    return _settled(order, f"limit.{order.action}", state=State.APPLIED)


def refused(order: LimitOrder, code: LimitOrder.Code, first: LimitOrder | None = None, said: str = "") -> bool:
    """``said``: the server's own words, where it refused."""
    found = {"state": State.REFUSED, "code": code, "overtaken_by": first, "why_not": said}
    return _settled(order, "limit.refused", **found)


def _settled(order: LimitOrder, kind: str, **found: Any) -> bool:
    with write():
        rows = LimitOrder.objects.filter(pk=order.pk, settled_at=None)
        done = bool(rows.update(settled_at=timezone.now(), **found))
        if done:
            about = {name: str(found[name]) for name in ("code", "why_not") if found.get(name)}
            write_down(order, kind, **about)
            count(order.counter, action=order.action, outcome=str(found.get("code") or "applied"))
    order.refresh_from_db()
    return done


# --- what people are told ----------------------------------------------------------------------------------------


def why_not(order: LimitOrder) -> str:
    """In the language and the time zone of whoever reads it."""
    if order.state != State.REFUSED:
        return ""
    if order.code in (Code.OVERTAKEN, Code.SUPERSEDED):
        return _overtaken(order)
    if order.code == Code.LATE:
        return _(
            "Temporal could not be asked for so long that this is not sent any more: nobody would expect it now. Look "
            "at the limit that is in force; order it again if it is still needed."
        )
    said = _("The Temporal server does not do it: “%(words)s”. An older server has no such limit, or the site's key "
             "may not change it; whoever runs the server knows.")  # fmt: skip
    return said % {"words": order.why_not[:300]}


def _overtaken(order: LimitOrder) -> str:
    first = order.overtaken_by
    if first is None:
        return _("Something else was ordered since you looked, so this was not applied. Look again.")
    about = {"what": _did(first, order.username), "time": clock(first.made_at)}
    if order.code == Code.SUPERSEDED:
        return _("%(what)s at %(time)s, before this could be sent, so this was not applied.") % about
    return _("%(what)s at %(time)s, after you had looked, so this was not applied. Look again; order it again if it "
             "is still needed.") % about  # fmt: skip


def _did(order: LimitOrder, reader: str) -> str:
    name = who(order.username, "signed_in", reader)
    if order.action == A.RESET:
        return _("%(who)s reset the limit") % {"who": name}
    return _("%(who)s set the limit to %(rate)s a second") % {"who": name, "rate": rate(order.per_second)}
