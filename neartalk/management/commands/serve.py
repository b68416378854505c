"""manage.py serve: the product on uvicorn, as it is meant to run."""

import gc
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from neartalk.logs import catch_the_rest

# The largest frame of any socket; each consumer says what is too large for it.
FRAME_MAX = 65_536


class Command(BaseCommand):
    help = "Serves pages and sockets with uvicorn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8080, help="port to listen on (8080)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        calm_collector()
        catch_the_rest()
        uvicorn.run(
            "neartalk.asgi:application",
            host=host,
            port=port,
            ws="neartalk.protocol:WebSocketProtocol",
            ws_max_size=FRAME_MAX,
            ws_per_message_deflate=False,
            # Our protocol asks for signs of life itself.
            ws_ping_interval=None,
            # Its access lines would hold addresses and marks; the rest goes the way of all lines.
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
        )


def calm_collector() -> None:
    """Sockets live long and rarely form cycles: looking through all of them for garbage after
    every 700 objects cost an eighth of the time, and held everybody up while it lasted.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
