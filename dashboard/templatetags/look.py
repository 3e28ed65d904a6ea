"""How things are shown on every page: icons, states, money, people and small numbers.

``{% load look %}`` gives
``{% icon "check" %}``, ``{% icon "check" size=20 label="Done" %}``  an icon of the package lucide as inline SVG;
``{% state request.status %}``, ``{% state "waiting" _("Waiting for director") %}``  shape, word and colour;
``{{ amount|money:currency }}``, ``{{ user|person }}``, ``{{ user|initials }}``, ``{{ number|spelled }}``.
"""

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import template
from django.utils import formats
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from lucide.templatetags.lucide import lucide

register = template.Library()

# Of requests, steps, attempts and receipts alike: the same word means the same thing everywhere.
_STATES: dict[str, tuple[str, str, Any]] = {
    "not_started": ("off", "circle-dashed", gettext_lazy("Not started yet")),
    "waiting": ("wait", "clock", gettext_lazy("Waiting")),
    "action_running": ("run", "play", gettext_lazy("Approved, action running")),
    "action_failed": ("bad", "triangle-alert", gettext_lazy("Approved, action failed")),
    "approved": ("ok", "check", gettext_lazy("Approved")),
    "given_up": ("bad", "triangle-alert", gettext_lazy("Approved, action given up")),
    "rejected": ("bad", "x", gettext_lazy("Rejected")),
    "timeout": ("bad", "alarm-clock-off", gettext_lazy("Timed out")),
    "withdrawn": ("off", "undo-2", gettext_lazy("Withdrawn")),
    "cancelled": ("off", "ban", gettext_lazy("Cancelled")),
    "invalid": ("bad", "octagon-alert", gettext_lazy("Not valid")),
    "terminated": ("bad", "power-off", gettext_lazy("Ended in Temporal")),
    "pending": ("off", "circle", gettext_lazy("Not yet")),
    "open": ("wait", "clock", gettext_lazy("Waiting")),
    "skipped": ("off", "minus", gettext_lazy("Not needed any more")),
    "made": ("run", "send", gettext_lazy("Being recorded")),
    "sent": ("run", "send", gettext_lazy("Being recorded")),
    "recording": ("run", "send", gettext_lazy("Being recorded")),
    "unknown": ("run", "circle-question-mark", gettext_lazy("Being recorded")),
    "not_sent": ("bad", "unplug", gettext_lazy("Not sent")),
    "applied": ("ok", "check", gettext_lazy("Recorded")),
    "recorded": ("ok", "check", gettext_lazy("Recorded")),
    "refused": ("wait", "ban", gettext_lazy("Not applied")),
    "agrees": ("ok", "check", gettext_lazy("Agrees")),
    "differs": ("bad", "triangle-alert", gettext_lazy("Differs")),
    "unchecked": ("off", "circle-dashed", gettext_lazy("Not compared")),
    "up": ("ok", "check", gettext_lazy("Answers")),
    "down": ("bad", "unplug", gettext_lazy("Does not answer")),
}
_SPELLED = (
    gettext_lazy("No"),
    gettext_lazy("One"),
    gettext_lazy("Two"),
    gettext_lazy("Three"),
    gettext_lazy("Four"),
    gettext_lazy("Five"),
    gettext_lazy("Six"),
    gettext_lazy("Seven"),
    gettext_lazy("Eight"),
    gettext_lazy("Nine"),
    gettext_lazy("Ten"),
    gettext_lazy("Eleven"),
    gettext_lazy("Twelve"),
)


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "", stroke: str = "2") -> SafeString:
    """An icon; without a label it is decoration, and screen readers pass over it."""
    return _drawn(str(name), size, str(label), str(stroke))


@lru_cache(maxsize=256)
def _drawn(name: str, size: int, label: str, stroke: str) -> SafeString:
    spoken = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    drawing = lucide(name, size=size, stroke_width=stroke, focusable="false", **spoken)
    return mark_safe("".join(line.strip() for line in drawing.splitlines()))


@register.simple_tag
def state(value: str, word: str = "") -> SafeString:
    """A state as shape, word and colour; a value nobody knows shows as itself."""
    kind, shape, usual = _STATES.get(str(value), ("off", "circle-question-mark", str(value)))
    drawing = _drawn(shape, 12, "", "2.75")
    return format_html('<span class="state is-{}">{}{}</span>', kind, drawing, word or usual)


@register.filter
def money(amount: Any, currency: str = "EUR") -> str:
    """``250,000.00 €``; other currencies by their code: ``1,200.00 USD``. The spaces do not break."""
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        return _("no amount")
    if not number.is_finite():
        return _("no amount")
    return f"{formats.number_format(number, 2, use_l10n=True, force_grouping=True)}\u00a0{_unit(currency)}"


def _unit(currency: str) -> str:
    return "€" if currency in ("", "EUR") else str(currency)


@register.filter
def person(user: Any) -> str:
    """The full name, else the username; a name that is text already stays as it is."""
    if user is None or user == "":
        return _("nobody")
    if isinstance(user, str):
        return user
    return str(user.get_full_name() or user.get_username())


@register.filter
def initials(user: Any) -> str:
    """Two letters at most: MB for Maria Berg, OL for olga."""
    words = person(user).split()
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper() if words else "?"


@register.filter
def spelled(number: Any) -> str:
    """Up to twelve as a word that begins a sentence; above as digits with separators."""
    if isinstance(number, int) and 0 <= number < len(_SPELLED):
        return str(_SPELLED[number])
    return str(conditional_escape(formats.number_format(number, use_l10n=True, force_grouping=True)))
