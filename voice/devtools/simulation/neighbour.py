"""One simulated person: a client at `/ws` who walks, and may be in voice."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from chat.devtools import ChatClient, Visitor
from neartalk.devtools import Frame
from voice.devtools.simulation.walk import Walk

if TYPE_CHECKING:
    from voice.devtools.simulation.caller import SimulatedCaller

# Seconds between two messages of one person, so that none is refused as too fast.
REST_S = 12.0
# Close codes after which a new session may begin: it is unknown, without a place, or left.
ANEW = {4401, 4409, 4410}
# Where the frames that tell of people name those who are new.
LISTS = {"people": "people", "people.changed": "came"}


class ChatListener(Protocol):
    """What a client at `/ws` reports."""

    def shown(self, neighbour: "SimulatedNeighbour", message: Frame) -> None:
        """A message was shown for the first time."""

    def repeated(self, neighbour: "SimulatedNeighbour", message: Frame) -> None:
        """A message was sent again on the same connection."""

    def acked(self, seconds: float) -> None:
        """A message was acked so long after it was sent."""

    def listed(self, neighbour: "SimulatedNeighbour", people: Sequence[Frame]) -> None:
        """These people are in range: all of them, or those who came."""


class SimulatedNeighbour(ChatClient):
    """A simulated person at `/ws`. `caller` is their part in voice. They may write again from
    `free_s` on, by the loop's clock. `told_cell` is where they said last that they are; their place
    is the one in effect."""

    def __init__(
        self, person: Visitor, server_urls: Sequence[str], walk: Walk, listener: ChatListener
    ) -> None:
        super().__init__(person, server_urls)
        self.walk = walk
        self.listener = listener
        self.caller: SimulatedCaller | None = None
        self.moving = False
        self.told_cell = person.place.cell
        self.moved_s = 0.0
        self.free_s = 0.0

    @property
    def free(self) -> bool:
        """Whether they may write something."""
        return self.live and asyncio.get_running_loop().time() >= self.free_s

    def engage(self, seconds: float) -> None:
        """They write within that time, and then not for REST_S."""
        self.free_s = asyncio.get_running_loop().time() + seconds + REST_S

    def stood_since(self, seconds: float) -> bool:
        """Whether they have been connected and in the same place since then. Whoever comes or moves
        is shown older messages, whose delivery is not to be timed."""
        came_s = max(self.moved_s, *self.arrivals[-1:], 0.0)
        return self.live and not self.moving and came_s < seconds

    @property
    def over(self) -> bool:
        """Whether their session ended, and a new one may begin."""
        return self.ended in ANEW

    def renew(self, person: Visitor) -> None:
        """Goes on with a new session."""
        self.person, self.key = person, person.key
        self.told_cell = person.place.cell
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
            self.listener.shown(self, frame)
        elif again:
            self.listener.repeated(self, frame)
        elif sent:
            self.listener.acked(sent.acked_s - sent.at_s)
        elif kind in LISTS:
            self.listener.listed(self, frame[LISTS[kind]])
