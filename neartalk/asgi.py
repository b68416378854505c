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


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """No socket lives at this address: the handshake is refused with 403."""
    await send({"type": "websocket.close"})


sockets = [*chat.urls.websocket_urlpatterns, *voice.urls.websocket_urlpatterns]
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter([*sockets, re_path("", cast(Any, nowhere))]),
    }
)
