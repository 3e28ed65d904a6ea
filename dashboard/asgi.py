"""The web server's way in: pages by Django, the one websocket by the live app, nothing else."""
# mypy: untyped-calls-exclude="channels,live.consumer"

import os
import warnings
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from channels.security.websocket import AllowedHostsOriginValidator, WebsocketDenier
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
pages = get_asgi_application()

from dashboard import bodies, watch  # noqa: E402 - Django must be set up first
from live.consumer import LiveConsumer  # noqa: E402
from worker import tracing  # noqa: E402


async def sockets(scope: Any, receive: Any, send: Any) -> None:
    """``/live/``; any other address is refused before it is accepted."""
    wanted: type[AsyncWebsocketConsumer] = LiveConsumer if scope["path"] == "/live/" else WebsocketDenier
    await wanted()(scope, receive, send)


# WhiteNoise hands Django a file that is read in pieces; Django says of the first one that this is not asynchronous.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
tracing.begin("leitstand-web")
watch.start()
application = ProtocolTypeRouter({"http": bodies.bounded(pages), "websocket": AllowedHostsOriginValidator(sockets)})
