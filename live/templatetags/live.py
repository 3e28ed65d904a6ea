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

and renders nothing at all for somebody who may not watch it (or when there is no such region). ``live_connect`` opens the
page's one websocket for every region that was rendered above it, so nothing needs to be listed; it may name more:
``{% live_connect "system" %}``. Nobody signed in: no socket.

``live_pulse`` is the element that the stream replaces every second::

    <span id="live-pulse" class="pulse" data-state="…" title="…"><b data-pulse-words>Live</b> <span data-pulse-age></span></span>

``data-state``: ``asof`` (first paint, and all there is without JavaScript), ``live``, ``no-worker``, ``no-temporal``,
``no-database``, ``stale`` (a piece of this page cannot be read), and, set by live.js, ``blind`` (no pulse for 3 s) and ``off``
(signed out). ``<body data-live="live|blind|off">`` says the same for the whole page: style by either.

Ages: ``<time datetime="2026-01-31T09:47:00Z" data-age="past">`` becomes "3 min ago", ``data-age="due"`` becomes "due in 3 h 10 min",
or "2 h late", in the browser, once a second; the text inside is what is shown without JavaScript.

Forms are never in a region. A region says which form its state wants, the page's holder says which one it has, and where to
get another; when they differ live.js fetches it, and keeps a typed comment (by the field's name)::

    in the region:  <div data-form-version="director"> … </div>        any element in it; an empty version is a version
    on the page:    <div data-form-for="request:{{ uuid }}" data-form-version="manager" data-form-url="/approvals/…/form/"> <form>…</form> </div>

The answer of ``data-form-url`` is the inside of the holder. ``data-form-for`` is the region's ``data-region``: NAME or NAME:KEY.
"""
