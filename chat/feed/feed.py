"""The parts of the chat that stand between history and the hub, and what the hub calls of them."""

from collections.abc import Iterable
from typing import Any

from chat.feed.hints import from_hint
from chat.feed.poller import Poller
from chat.feed.replayer import Replayer
from chat.feed.sender import Sender
from chat.feed.sequencer import Sequencer
from chat.history import History
from presence.delivery import Socket
from presence.geo import Tile
from presence.hub import Arrival, Hub


class Feed:
    """The hub's `Source` of messages. It becomes that of the hub it is built for."""

    def __init__(self, hub: Hub, history: History) -> None:
        self.hub = hub
        self.history = history
        self.sequencer = Sequencer(hub, history)
        self.poller = Poller(history, self.sequencer)
        self.replayer = Replayer(history, self.poller, self.sequencer.timelines)
        self.sender = Sender(hub, history, self.sequencer)
        hub.attach(self)

    @property
    def mark_ms(self) -> int:
        return self.poller.mark_ms

    async def begin(self, tiles: Iterable[Tile]) -> None:
        await self.sequencer.subscribe(tiles)

    def forget(self, tiles: Iterable[Tile]) -> None:
        self.sequencer.unsubscribe(tiles)

    async def poll(self) -> None:
        await self.poller.poll()

    async def restart(self) -> None:
        await self.poller.restart()

    async def trim(self) -> None:
        """Removes expired entries from the store, then from this process."""
        await self.history.trim()
        self.sequencer.expire()

    async def receive(self, hint: dict[str, Any]) -> None:
        """Of a kind that only a newer release knows it is left to the poll."""
        if hint["type"] == "chat.said":
            self.sequencer.apply(*from_hint(hint))

    async def replay(self, socket: Socket, arrival: Arrival) -> set[str]:
        return await self.replayer.replay(socket, arrival)
