"""The part of a simulated person in voice: a client at `/signal` that sends no sound."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

from neartalk.devtools import Frame, ReconnectingSocket
from voice.devtools.simulation.neighbour import SimulatedNeighbour


class CallListener(Protocol):
    def knocked(self, caller: "SimulatedCaller", person_id: str) -> None:
        """Somebody knocks, and waits for an answer."""

    def connected(self, caller: "SimulatedCaller", person_id: str) -> None:
        """Somebody is in a call with them, or waits for one."""


class SimulatedCaller(ReconnectingSocket):
    """A simulated person at `/signal`, with an open door or one to ask at. `peers` are the states
    of the peer list, by person."""

    path = "/signal"

    def __init__(
        self,
        neighbour: SimulatedNeighbour,
        server_urls: Sequence[str],
        policy: str,
        listener: CallListener,
        door: str = "ask",
    ) -> None:
        super().__init__(neighbour.key, server_urls)
        self.neighbour = neighbour
        self.policy = policy
        self.door = door
        self.listener = listener
        self.instance = secrets.token_hex(8)
        self.peers: dict[str, str] = {}

    def in_state(self, state: str) -> list[str]:
        return [person_id for person_id, its in self.peers.items() if its == state]

    def opened(self) -> None:
        self.peers = {}
        self._join()

    def receive(self, frame: Frame) -> None:
        match frame["type"]:
            case "voice.peers":
                self._update(frame["peers"])
            case "error":
                self.codes[frame["code"]] += 1
                if frame["code"] == "store-unavailable" and "ref" not in frame:
                    self.beside(self._join_later(frame["retry_after"]))

    def _update(self, peers: Sequence[Frame]) -> None:
        before, self.peers = self.peers, {one["person_id"]: one["state"] for one in peers}
        for person_id, state in self.peers.items():
            if before.get(person_id) == state:
                continue
            if state == "knocks":
                self.listener.knocked(self, person_id)
            elif state in {"live", "waiting"}:
                self.listener.connected(self, person_id)

    def _join(self) -> None:
        self.write("voice.join", policy=self.policy, instance=self.instance, door=self.door)

    async def _join_later(self, seconds: Any) -> None:
        await asyncio.sleep(seconds)
        self._join()
