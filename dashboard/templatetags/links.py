"""Addresses in what people and programs wrote, as links that cannot lie; everything else of it as text.

``{% load links %}`` gives ``{{ text|linked }}``. Django's urlize also makes links of ``www.`` and of bare names, shows
neither the host apart nor another script's as it is sent, and follows a sign that turns the direction of the text.
"""

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from approvals.inputs import shown

register = template.Library()

LONGEST = 2_000
"""Characters of an address; a longer one stays text."""
_ADDRESS = re.compile(r"(?<![^\W_])https?://[^\s<>\"“”„«»‹›`{}|\\^]+", re.IGNORECASE)
_BEHIND = ".,;:!?'’‘…·"
_BRACKETS = {")": "(", "]": "["}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")


@register.filter
def linked(value: object) -> SafeString:
    """Escaped text in which http and https addresses are links; a hidden sign shows as ``[U+202E]``."""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    parts, done = [], 0
    for found in _ADDRESS.finditer(text):
        address = _trimmed(found[0]) if len(found[0]) <= LONGEST else ""
        if link := _link(address):
            parts += [_plain(text[done : found.start()]), link]
            done = found.start() + len(address)
    return mark_safe("".join([*parts, _plain(text[done:])]))


def _plain(text: str) -> str:
    return escape("".join(sign if shown(sign) or sign in "\n\t" else f"[U+{ord(sign):04X}]" for sign in text))


def _trimmed(address: str) -> str:
    """Without what ends the sentence or the brackets around it, and no further than the first hidden sign."""
    hidden = next((place for place, sign in enumerate(address) if not shown(sign)), len(address))
    address = address[:hidden]
    while address and (address[-1] in _BEHIND or _closes_nothing(address)):
        address = address[:-1]
    return address


def _closes_nothing(address: str) -> bool:
    opening = _BRACKETS.get(address[-1])
    return opening is not None and address.count(address[-1]) > address.count(opening)


def _link(address: str) -> str:
    """Empty if it is none, or one that reads as another: with a name before an @, or odd signs in its host."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        sent = _as_sent(host)
    except ValueError:
        return ""
    if not sent or "@" in parts.netloc:
        return ""
    at, rest = f":{port}" if port is not None else "", _rest(parts, address)
    return format_html(
        '<a class="out" href="{}://{}{}{}" rel="noopener noreferrer nofollow" target="_blank">'
        '<bdi dir="ltr">{}://<b>{}</b>{}{}{}</bdi></a>',
        parts.scheme, sent, at, rest, parts.scheme, _bracketed(host), at, rest,
        "" if sent == _bracketed(host) else format_html(" <small>({})</small>", sent),
    )  # fmt: skip


def _rest(parts: SplitResult, address: str) -> str:
    """All behind the host, as it was written."""
    return address[len(parts.scheme) + 3 + len(parts.netloc) :]


def _as_sent(host: str) -> str:
    """The host as it goes over the wire: "bücher.example" is "xn--bcher-kva.example". Empty for what is no host."""
    host = _bracketed(host)
    if not host.isascii():
        if not all(unicodedata.category(sign)[0] in "LMN" or sign in ".-" for sign in host):
            return ""
        host = host.encode("idna").decode().lower()
    return host if _HOST.fullmatch(host) else ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
