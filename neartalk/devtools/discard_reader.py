"""Readers in a process of their own, which knows nothing of Django: they throw away what comes."""

import selectors
import socket
from typing import Any


def discard_all(port: int, count: int) -> None:
    """Opens so many connections, and reads what comes until all are closed."""
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port))
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                peer: Any = key.fileobj
                if not peer.recv(65_536):
                    selector.unregister(peer)
                    peer.close()
