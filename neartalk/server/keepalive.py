"""Pings every connection in turn by one timer: no timer and no task for each."""

import asyncio
from math import inf
from typing import Protocol

PING_S = 20


class Pingable(Protocol):
    def quiet_s(self) -> float:
        """Seconds since the peer last gave a sign of life."""

    def ping(self) -> None: ...
    def drop(self) -> None: ...


class Keepalive:
    """Each second, pings a twentieth of the connections, and drops those that stay silent."""

    def __init__(self) -> None:
        self.slots: list[set[Pingable]] = [set() for _ in range(PING_S)]
        self.pinged_s = [-inf] * PING_S  # when each slot was
        self.turn = 0
        self.count = self.dropped = 0
        self.timer: asyncio.TimerHandle | None = None

    def add(self, connection: Pingable) -> int:
        """Returns the slot, which `remove` asks for. The first ping comes after a whole round."""
        self.slots[self.turn].add(connection)
        self.count += 1
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(1, self._tick)
        return self.turn

    def remove(self, connection: Pingable, slot: int) -> None:
        self.slots[slot].discard(connection)
        self.count -= 1

    def _tick(self) -> None:
        self.turn = (self.turn + 1) % PING_S
        loop = asyncio.get_running_loop()
        # A loop that stood still has asked nobody meanwhile.
        patience_s = max(1.5 * PING_S, loop.time() - self.pinged_s[self.turn])
        self.pinged_s[self.turn] = loop.time()
        for connection in [*self.slots[self.turn]]:
            if connection.quiet_s() > patience_s:
                self.dropped += 1
                connection.drop()
            else:
                connection.ping()
        self.timer = loop.call_later(1, self._tick) if self.count else None
