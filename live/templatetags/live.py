"""The tags of live pages: ``{% load live %}``.

In ``base.html``, once each::

    <header class="rail"> … {% live_pulse %} … </header>
    …
    {% live_connect %}        the last thing in <body>, outside everything that is ever swapped
    <script src="{% static 'js/live.js' %}" defer></script>      after {% htmx_script extensions="hx-ws" %}

In a page, wherever a live piece stands::

    {% live_region "badge" %}
    {% live_region "request" request.uuid %}

``live_region`` renders the region for the request's user, through the same code as the stream, in::

    <div id="region-badge" data-region="badge"> … the region's template … </div>

and renders nothing at all for somebody who may not watch it (or when there is no such region). ``live_connect`` opens
the page's one websocket for every region that was rendered above it, so nothing needs to be listed; it may name more:
``{% live_connect "system" %}``. Nobody signed in: no socket.

``live_pulse`` is the element that the stream replaces every second::

    <span id="live-pulse" class="pulse" data-state="…" title="…">
      <b data-pulse-words>Live</b> <span data-pulse-age>· 0.4 s ago</span>
    </span>

``data-state``: ``asof`` (first paint, and all there is without JavaScript), ``live``, ``no-worker``, ``no-temporal``,
``no-database``, ``stale`` (a piece of this page cannot be read), and, set by live.js, ``blind`` (no pulse for 3 s) and
``off`` (signed out). ``<body data-live="live|blind|off">`` says the same for the whole page: style by either. A region
that cannot be read just now has the attribute ``data-stale``.

Ages: ``<time datetime="2026-01-31T09:47:00Z" data-age="past">`` becomes "3 min ago", ``data-age="due"`` becomes
"due in 3 h 10 min", or "2 h late",
and ``data-age="since"`` "3 s ago", in the browser, once a second; the text inside is what is shown without JavaScript.

Forms are never in a region. A region says which form its state wants, the page's holder which one it has and where to
get another; when they differ live.js fetches it, and keeps a typed comment (by the field's name)::

    in the region:  <div data-form-version="director"> … </div>        any element in it; an empty version is a version
    on the page:    <div data-form-for="request:{{ uuid }}" data-form-version="manager"
                         data-form-url="/approvals/…/form/"> <form>…</form> </div>

The answer of ``data-form-url`` is the inside of the holder. ``data-form-for`` is the region's ``data-region``.
"""

import json
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.shortcuts import resolve_url
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from live.pulse import render_first
from live.regions import find
from live.rendering import Piece, render

register = template.Library()

_USED = "_live_pieces"


@register.simple_tag(takes_context=True)
def live_region(context: template.Context, name: str, key: Any = "") -> str:
    """This region as the page's user may see it, kept current by the page's socket."""
    request, piece = context["request"], Piece(name, str(key))
    region = find(name)
    if region is None or not request.user.is_authenticated or not region.may_watch(request.user, piece.key):
        return ""
    _used(request)[piece] = None
    return render(region, piece, region.audience(request.user, piece.key))


@register.simple_tag(takes_context=True)
def live_connect(context: template.Context, *more: str) -> str:
    """The page's one socket, for every region rendered above it."""
    request = context.get("request")
    if request is None or not getattr(request, "user", None) or not request.user.is_authenticated:
        return ""
    wanted = [str(piece) for piece in _used(request)]
    query = urlencode([("region", one) for one in dict.fromkeys([*wanted, *more])])
    return format_html(
        '<div id="live" hx-ext="ws" ws-connect="/live/?{}" data-words="{}"></div>'
        '<p id="live-said" class="unseen" role="status"></p>',
        query,
        json.dumps(_words()),
    )


@register.simple_tag
def live_pulse() -> SafeString:
    """The pulse as the page itself can say it: the time at which it was made."""
    return mark_safe(render_first())


def _words() -> dict[str, str]:
    """What live.js says, in the page's language."""
    return {
        "blind": _("Blind for {seconds} s: what you see may be old"),
        "pulse": _("· {seconds} s ago"),
        "said_blind": _("The connection is lost. What you see may be old."),
        "said_live": _("The page is live again."),
        "said_off": _("Signed out."),
        "off": _("Signed out."),
        "sign_in": _("Sign in again"),
        "sign_in_url": resolve_url(settings.LOGIN_URL),
        "unsent": _("You had typed, and it was not sent:"),
        "now": _("just now"),
        "ago": _("{time} ago"),
        "due": _("due in {time}"),
        "late": _("{time} late"),
        "d_h": _("{d} d {h} h"),
        "d": _("{d} d"),
        "h_m": _("{h} h {m} min"),
        "h": _("{h} h"),
        "m": _("{m} min"),
        "m_s": _("{m} min {s} s"),
        "s": _("{s} s"),
    }


def _used(request: Any) -> dict[Piece, None]:
    if not hasattr(request, _USED):
        setattr(request, _USED, {})
    used: dict[Piece, None] = getattr(request, _USED)
    return used
