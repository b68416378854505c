"""Somebody who is not there: at `/ws`, on foot, and perhaps in voice, without a voice."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

from chat.devtools import ChatClient, Visitor
from neartalk.devtools import Frame, ReconnectingSocket
from voice.devtools.simulation.walk import Walk

# Nobody says so much that they would be refused.
REST_S = 12.0
# Ends of a session after which a new one may begin: it is unknown, without a place, or left.
ANEW = {4401, 4409, 4410}


class Ears(Protocol):
    """What somebody at `/ws` tells."""

    def heard(self, neighbour: "Neighbour", message: Frame) -> None:
        """Shown for the first time."""

    def heard_again(self, neighbour: "Neighbour", message: Frame) -> None:
        """Once more on the same connection."""

    def acked(self, seconds: float) -> None:
        """One more message is kept, so long after it was sent."""

    def saw(self, neighbour: "Neighbour", people: Sequence[Frame]) -> None:
        """Who is in range."""


class Door(Protocol):
    def knocked(self, caller: "Caller", person_id: str) -> None:
        """Somebody knocks, and waits for an answer."""


class Neighbour(ChatClient):
    def __init__(self, person: Visitor, server_urls: Sequence[str], walk: Walk, ears: Ears) -> None:
        super().__init__(person, server_urls)
        self.walk = walk
        self.ears = ears
        self.caller: Caller | None = None
        self.moving = False
        self.moved_s = 0.0
        self.free_s = 0.0

    @property
    def free(self) -> bool:
        """Whether they may say something."""
        return self.live and asyncio.get_running_loop().time() >= self.free_s

    def engage(self, seconds: float) -> None:
        """They have something to say within that time, and then rest."""
        self.free_s = asyncio.get_running_loop().time() + seconds + REST_S

    def stood_since(self, seconds: float) -> bool:
        """Whether they have been live where they are since then. Whoever comes or moves is shown
        what was said before, and again what was said where they come back to."""
        came_s = max(self.moved_s, *self.arrivals[-1:], 0.0)
        return self.live and not self.moving and came_s < seconds

    @property
    def over(self) -> bool:
        """Whether their session is, and a new one may begin."""
        return self.ended in ANEW

    def begin_anew(self, person: Visitor) -> None:
        self.person, self.key = person, person.key
        self.mark, self.ended = "", 0
        self.open()
        if self.caller:
            self.caller.key, self.caller.ended = person.key, 0
            self.caller.open()

    def receive(self, frame: Frame) -> None:
        kind = frame["type"]
        fresh = kind == "chat.message" and frame["id"] not in self.ids
        again = kind == "chat.message" and frame["id"] in self.on_wire
        sent = self.pending.get(frame["ref"]) if kind == "chat.ack" else None
        super().receive(frame)
        if fresh:
            self.ears.heard(self, frame)
        elif again:
            self.ears.heard_again(self, frame)
        elif sent:
            self.ears.acked(sent.acked_s - sent.at_s)
        elif kind == "people":
            self.ears.saw(self, frame["people"])


class Caller(ReconnectingSocket):
    """A neighbour at `/signal`. `peers` are states by person; nobody sends a sound."""

    path = "/signal"

    def __init__(
        self, neighbour: Neighbour, server_urls: Sequence[str], policy: str, door: Door
    ) -> None:
        super().__init__(neighbour.key, server_urls)
        self.neighbour = neighbour
        self.policy = policy
        self.doorbell = door
        self.instance = secrets.token_hex(8)
        self.peers: dict[str, str] = {}

    def of_state(self, state: str) -> list[str]:
        return [person_id for person_id, its in self.peers.items() if its == state]

    def opened(self) -> None:
        self.peers = {}
        self._join()

    def receive(self, frame: Frame) -> None:
        match frame["type"]:
            case "voice.peers":
                self._look(frame["peers"])
            case "error":
                self.codes[frame["code"]] += 1
                if frame["code"] == "store-unavailable" and "ref" not in frame:
                    self.beside(self._join_later(frame["retry_after"]))

    def _look(self, peers: Sequence[Frame]) -> None:
        before, self.peers = self.peers, {one["person_id"]: one["state"] for one in peers}
        for person_id in self.of_state("knocks"):
            if before.get(person_id) != "knocks":
                self.doorbell.knocked(self, person_id)

    def _join(self) -> None:
        self.write("voice.join", policy=self.policy, instance=self.instance)

    async def _join_later(self, seconds: Any) -> None:
        await asyncio.sleep(seconds)
        self._join()
