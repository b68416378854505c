"""A person without a browser: a session, a place and a blocking socket."""

from __future__ import annotations

import itertools
import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import httpx
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.support.waiting import WAIT_S, awaiting, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.client import Spot
    from tests.support.servers import Server

MILLISECOND_S = 0.002  # one of the server's clock, wherever in it we are


class SocketPerson:
    """Speaks JSON over a socket at /ws."""

    refs = itertools.count()

    def __init__(self, server: Server, spot: Spot, name: str, radius_m: int) -> None:
        self.server = server
        self.spot = spot
        self.name = name
        self.radius_m = radius_m
        self.frames: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Idle connections go before the server closes them, as in tests/support/client.py.
            limits = httpx.Limits(keepalive_expiry=1)
            url = self.server.url
            http = httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S, limits=limits)
            self.http = stack.enter_context(http)
            session = self._post("/api/session/create", username=self.name)
            self.person_id = str(session["person_id"])
            bearer = {"Authorization": f"Bearer {session['session_id']}"}
            self.http.headers.update(bearer)
            self.stand(*self.spot)
            socket = connect(
                f"{self.server.ws_url}/ws",
                subprotocols=[Subprotocol("neartalk.json")],
                additional_headers=bearer,
                compression=None,
                proxy=None,
                ping_interval=None,
                open_timeout=WAIT_S,
                max_queue=None,  # however late they listen, they answer the server's pings
            )
            self.socket = stack.enter_context(socket)
            self.await_frame("mark")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def stand(self, lat: float, lon: float) -> None:
        self._post("/api/location/update", lat=lat, lon=lon, radius=self.radius_m)

    def send_text(self, text: str, **fields: Any) -> str:
        """Sends a chat message and waits for the ack; the id of the message. Whatever is said from
        then on stands behind it: of two tiles the order is that of milliseconds."""
        ref = f"neighbour-{next(self.refs)}"
        self._send("chat.send", text=text, ref=ref, **fields)
        message_id = str(self.await_frame("chat.ack")["id"])
        end = time.monotonic() + MILLISECOND_S
        until(lambda: time.monotonic() > end, "the next millisecond", pause=lambda: None)
        return message_id

    def remove(self, message_id: str) -> None:
        self._send("chat.remove", id=message_id)

    def await_frame(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; others wait for their turn."""
        return self.await_that(lambda frame: frame["type"] == kind, kind)

    def await_that(self, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The next frame of which this holds; others wait for their turn."""

        def first() -> dict[str, Any] | None:
            return next((frame for frame in self.frames if holds(frame)), None)

        found = until(first, f"{what} to {self.name}", pause=self._receive)
        self.frames.remove(found)
        return found

    def _receive(self) -> None:
        with awaiting(f"a frame to {self.name}, who has {self.frames}"):
            got = json.loads(self.socket.recv(timeout=WAIT_S))
        self.frames += got if isinstance(got, list) else [got]

    def _send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())
