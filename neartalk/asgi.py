"""The door of the servers: HTTP to Django, sockets to the consumers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
# The apps must be ready before anything that imports a consumer.
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter

from chat.urls import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
