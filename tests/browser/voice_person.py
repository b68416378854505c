"""A person in voice without a browser: a second socket, at /signal, which signals and carries no
sound."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from websockets.sync.client import connect

from tests.browser.socket_person import SocketPerson
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from tests.support.client import Spot
    from tests.support.servers import Server


class VoicePerson(SocketPerson):
    """A socket person who has joined voice: by the relay, unless another policy is theirs."""

    policy = "relay"
    instances = itertools.count()

    def __init__(self, server: Server, spot: Spot, name: str, radius_m: int = 500) -> None:
        super().__init__(server, spot, name, radius_m)

    def __enter__(self) -> Self:
        super().__enter__()
        with ExitStack() as stack:
            stack.push(self.stack.pop_all())
            bearer = {"Authorization": self.http.headers["Authorization"]}
            address = f"{self.server.ws_url}/signal"
            socket = connect(
                address,
                additional_headers=bearer,
                compression=None,
                proxy=None,
                ping_interval=None,
                open_timeout=WAIT_S,
                max_queue=None,
            )
            self.signal = stack.enter_context(socket)
            self.ask("join", policy=self.policy, instance=f"caller-{next(self.instances):08}")
            self.stack = stack.pop_all()
        return self

    def ask(self, verb: str, **fields: str) -> None:
        """Sends `voice.<verb>`; `to` names whom it is for."""
        self.signal.send(json.dumps({"type": f"voice.{verb}", **fields}))
