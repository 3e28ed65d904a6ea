"""How a region becomes HTML: the same code for the page's first paint and for the stream."""

import hashlib
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from live.regions import Region

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


class Piece(NamedTuple):
    """One region at one key, as a page names it."""

    name: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.key}" if self.key else self.name

    @property
    def element_id(self) -> str:
        """Stable, and a plain word whatever the key holds: the browser swaps by it."""
        if not self.key:
            return f"region-{self.name}"
        key = self.key if _PLAIN.match(self.key) else hashlib.sha256(self.key.encode()).hexdigest()[:20]
        return f"region-{self.name}-{key}"


@dataclass(frozen=True)
class Outlook:
    """In whose words and hours something is rendered."""

    language: str
    time_zone: str


def render(region: Region, piece: Piece, audience: Hashable) -> SafeString:
    """Read and render, in the words that are active now."""
    inner = render_to_string(region.template, dict(region.read(piece.key, audience)))
    return _framed(piece, mark_safe(inner))


def render_for(region: Region, piece: Piece, audience: Hashable, outlook: Outlook) -> SafeString:
    with translation.override(outlook.language), timezone.override(outlook.time_zone):
        return render(region, piece, audience)


def render_closed(piece: Piece, outlook: Outlook) -> SafeString:
    """What stands for a region that is unknown or not for this viewer: the same for both, so it tells nothing."""
    with translation.override(outlook.language):
        return _framed(piece, mark_safe(render_to_string("live/closed.html")))


def _framed(piece: Piece, inner: SafeString) -> SafeString:
    return format_html('<div id="{}" data-region="{}">{}</div>', piece.element_id, str(piece), inner)
