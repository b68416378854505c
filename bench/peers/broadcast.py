"""uWebSockets from Python: what anyone on a socket says goes to everyone."""

from __future__ import annotations

import os
from typing import Any

from socketify import App

ROOM = "room"


def serve() -> None:
    app = App()

    def enter(socket: Any) -> None:
        socket.subscribe(ROOM)

    def publish(socket: Any, message: str, opcode: Any) -> None:
        app.publish(ROOM, message, opcode)

    # No compression, as at all others.
    app.ws("/ws", {"open": enter, "message": publish, "compression": 0, "idle_timeout": 120})
    app.listen({"port": int(os.environ["PORT"]), "host": "127.0.0.1"})
    app.run()


if __name__ == "__main__":
    serve()
