"""Rows of lists, each drawn once: twenty audiences that see the same request share its row, too."""

import time
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from approvals.rows import Row

register = template.Library()

_FOR = 20.0
"""Seconds for which a drawn row will do: its ages are told by the browser."""


@register.simple_tag
def request_row(row: Row, dialog: bool = False) -> SafeString:
    """One request in a list. ``dialog``: its buttons open the page's dialog."""
    words = (translation.get_language(), timezone.get_current_timezone_name())
    return _drawn(row, dialog, words, int(time.time() / _FOR))


@lru_cache(maxsize=5_000)
def _drawn(row: Row, dialog: bool, _words: tuple[str | None, str], _moment: int) -> SafeString:
    return mark_safe(render_to_string("approvals/_row.html", {"row": row, "dialog": dialog}))
