"""Who stays once their session has begun: by that those who live somewhere differ from one who
hunts (`suspicion`)."""

from collections.abc import Callable
from typing import NamedTuple

from neartalk.parts import Platform
from presence.delivery import Audience, Socket
from presence.geo import Cell
from presence.suspicion import STAY_MS, count_stay, tiles_period_ms

STAYS_S = 20.0


class Visit(NamedTuple):
    """Since when a session that has just begun is seen here, and in which cell it was then."""

    since_ms: int
    cell: Cell


class Stays:
    """`visits` are the young sessions with a socket here; `counted` those of them whose stay was
    counted. `now_ms` is the store's clock."""

    def __init__(self, platform: Platform, audience: Audience, now_ms: Callable[[], int]) -> None:
        self.platform = platform
        self.audience = audience
        self.now_ms = now_ms
        self.visits: dict[str, Visit] = {}
        self.counted: set[str] = set()

    async def count(self) -> None:
        """Every 20 s. Raises Refused: `store-unavailable`; the next round goes on."""
        here = {one.session.digest: one for one in self.audience.all_sockets()}
        self.counted &= here.keys()
        now_ms = self.now_ms()
        young_ms = now_ms - tiles_period_ms(self.platform)
        self.visits = {
            digest: self.visits.get(digest) or Visit(now_ms, socket.person.cell)
            for digest, socket in here.items()
            if socket.session.opened_ms > young_ms and digest not in self.counted
        }
        for digest, visit in self.visits.items():
            if visit.since_ms + STAY_MS <= now_ms:
                await self._count(here[digest], visit)

    async def _count(self, socket: Socket, visit: Visit) -> None:
        networks = {socket.network, socket.session.origin}
        await count_stay(self.platform, networks, visit.cell)
        self.counted.add(socket.session.digest)
