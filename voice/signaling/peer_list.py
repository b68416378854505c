"""The peer list of each connection: who is in voice within reach, and when that is sent."""

import asyncio
from collections.abc import Collection, Mapping

from django.conf import settings

from presence.delivery import Frame
from voice.callers import Caller
from voice.signaling import frames
from voice.signaling.connection import SignalingConnection
from voice.signaling.coordinator import CallCoordinator

# How often a list is sent of what has to do with others alone, with at most so many around, and in
# a crowd however large.
LIST_PERIOD_S, CROWD_PERIOD_S = 1.0, 5.0


class PeerLists:
    """The peer lists of this process's connections.

    `schedule` sets when a connection's list is due, `due` returns the connections one by one, and
    `send` renders and writes.
    """

    def __init__(self, coordinator: CallCoordinator) -> None:
        self.coordinator = coordinator
        self.cache = coordinator.cache
        self.queue: asyncio.Queue[SignalingConnection] = asyncio.Queue()
        self.rendering = asyncio.Lock()

    def schedule(self, connection: SignalingConnection, period_s: float = 0.0) -> None:
        """Makes the list due once `period_s` has passed since the last one. Of several schedules
        the earliest holds."""
        loop = asyncio.get_running_loop()
        due_s = max(loop.time(), connection.listed_at_s + period_s)
        if connection.timer:
            if connection.due_s <= due_s:
                return
            connection.timer.cancel()
        connection.due_s = due_s
        connection.timer = loop.call_at(due_s, self.queue.put_nowait, connection)

    def schedule_seldom(self, connection: SignalingConnection) -> None:
        """For what has to do with others alone: the more seldom the more are around, for in a crowd
        somebody comes or goes all the time, and everybody's list would be made anew for each."""
        period_s = LIST_PERIOD_S * connection.crowd / frames.SHOWN_MAX
        self.schedule(connection, min(CROWD_PERIOD_S, max(LIST_PERIOD_S, period_s)))

    async def due(self) -> SignalingConnection:
        """The next connection whose list is due."""
        return await self.queue.get()

    def begin(self, connection: SignalingConnection) -> bool:
        """Begins to send a list: changes from now on schedule another one. Returns whether there is
        a list to be sent."""
        connection.timer = None
        if not self.is_published(connection):
            return False
        connection.listed_at_s = asyncio.get_running_loop().time()
        return True

    async def send(self, connection: SignalingConnection) -> None:
        """Writes the list as of now, if it differs from the last one. Raises Refused:
        `store-unavailable`."""
        # All that has to be waited for comes before the list is rendered.
        far = self.cache.two_calls_away(self.coordinator.known(connection.person_id))
        elsewhere = await self.coordinator.callers.read(far - self.cache.callers.keys())
        async with self.rendering:
            # Many lists at once give way to other work between them.
            await asyncio.sleep(0)
            if self.is_published(connection):
                others = self._others(connection.person_id)
                connection.crowd = len(others)
                connection.send_list(self.render(connection.person_id, others, elsewhere))

    def is_published(self, connection: SignalingConnection) -> bool:
        """Whether its caller is in voice and so has a place, on which the list depends."""
        return connection.joined and self.coordinator.known(connection.person_id).joined

    def _others(self, own: str) -> list[Caller]:
        """Whoever is in voice within reach. Who is away is shown only to those tied to them."""
        me = self.coordinator.known(own)
        around = filter(self.coordinator.alive, self.cache.around(me))
        return [one for one in around if one.process or one.person_id in me.ties]

    def render(
        self, own: str, others: Collection[Caller], elsewhere: Mapping[str, Caller]
    ) -> Frame:
        """`elsewhere` are callers that are not in the cache, two calls away from the person."""
        me = self.coordinator.known(own)
        tied = {*me.ties, *self.cache.two_calls_away(me)} & self.cache.callers.keys()
        behind = [*elsewhere.values(), *(self.cache.callers[id] for id in tied)]
        known = {one.person_id: one for one in [me, *behind] if one.joined}
        now_ms = self.coordinator.presence.now_ms()
        return frames.peers(me, others, known, settings.VOICE_CONNECTIONS, now_ms)
