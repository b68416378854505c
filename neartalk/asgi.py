"""The door of the servers: HTTP to Django, sockets to the consumers."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
# The apps must be ready before anything that imports a consumer.
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

import chat.urls
import voice.urls
from neartalk.records import records
from neartalk.server import lag
from presence.hub import evictions, hub
from voice.signaling import switchboard


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """No socket lives at this address: the handshake is refused with 403."""
    await send({"type": "websocket.close"})


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The server begins, and later ends: what was begun and counted until then comes first."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await switchboard().background.settle()
    await hub().finish()
    await records().finish()
    await send({"type": "lifespan.shutdown.complete"})


class Doors(ProtocolTypeRouter):
    """Whoever comes first makes this process begin to write records, to read rules and bans, and to
    look how late it is."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        records().start()
        evictions().start()
        lag().start()
        return await super().__call__(scope, receive, send)


sockets = [*chat.urls.websocket_urlpatterns, *voice.urls.websocket_urlpatterns]
application = Doors(
    {
        "http": django_application,
        "lifespan": lifespan,
        "websocket": URLRouter([*sockets, re_path("", cast(Any, nowhere))]),
    }
)
