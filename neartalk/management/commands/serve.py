"""manage.py serve: the product on uvicorn, as it is meant to run."""

import gc
import socket
import sys
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from neartalk.logs import catch_the_rest
from neartalk.server import DrainingServer

# The largest frame of any socket; each consumer says what is too large for it.
FRAME_MAX = 65_536
# A thread that computes (a page of the admin, an error) gives way to the event loop after so long:
# the loop asks for its turn after each frame that it sends. Python's own 5 ms held up a fan-out to
# forty for a fifth of a second.
SWITCH_S = 0.0002
# So long a call under way may keep a process that ends.
CALL_S = 5


class Command(BaseCommand):
    help = (
        "Serves pages and sockets with uvicorn. SIGTERM drains: sockets are sent elsewhere one by "
        "one for DRAIN_SECONDS, records are written, then it ends with 0; a second one ends it at "
        "once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8080, help="port to listen on (8080)")
        parser.add_argument(
            "--reuse-port",
            action="store_true",
            help="share the port: a new process may listen on it before the old one ends",
        )
        parser.add_argument(
            "--fd", type=int, help="listen on this open socket instead, such as 3 of systemd"
        )

    def handle(
        self, host: str, port: int, reuse_port: bool, fd: int | None, **options: Any
    ) -> None:
        calm_collector()
        sys.setswitchinterval(SWITCH_S)
        catch_the_rest()
        config = uvicorn.Config(
            "neartalk.asgi:application",
            host=host,
            port=port,
            http="neartalk.server.http_protocol:HttpProtocol",
            ws="neartalk.server.protocol:WebSocketProtocol",
            ws_max_size=FRAME_MAX,
            ws_per_message_deflate=False,
            # Our protocol asks for signs of life itself.
            ws_ping_interval=None,
            # Its access lines would hold addresses and marks; the rest goes the way of all lines.
            access_log=False,
            log_config=None,
            # Strangers send what is no request as often as they like.
            log_level="error",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=CALL_S,
        )
        if fd is not None:
            DrainingServer(config).run([socket.socket(fileno=fd)])
        elif reuse_port:
            DrainingServer(config).run([shared(host, port)])
        else:
            DrainingServer(config).run()


def shared(host: str, port: int) -> socket.socket:
    """A socket on a port where other processes may listen too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, reuse_port=True)


def calm_collector() -> None:
    """Sockets live long and rarely form cycles: looking through all of them for garbage after
    every 700 objects cost an eighth of the time, and held everybody up while it lasted.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
