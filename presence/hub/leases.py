"""Which processes live, as their leases say, and which life of the store this is."""

import secrets
from typing import NamedTuple

from presence.registry import LEASE_MS, Registry, StoreStatus


class Turnover(NamedTuple):
    """The processes that a pulse found dead, and those that it found alive anew."""

    died: frozenset[str]
    born: frozenset[str]


class Leases:
    """`process` is this one; `epoch` is that of the store, "" until the first status."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.process = secrets.token_hex(8)
        self.processes = frozenset({self.process})
        self.grace: frozenset[str] = frozenset()
        self.grace_until_ms = 0
        self.epoch = ""

    @property
    def alone(self) -> bool:
        return self.processes == {self.process}

    async def renew(self) -> None:
        await self.registry.renew(self.process)

    def note_process(self, process: str) -> bool:
        """Whoever has just written lives; the next pulse knows for sure. True if that is news."""
        fresh = bool(process) and process not in self.processes
        if fresh:
            self.processes |= {process}
        return fresh

    def restarted(self, status: StoreStatus) -> bool:
        """Whether the store began anew."""
        return self.epoch not in {"", status.epoch}

    def apply(self, status: StoreStatus) -> Turnover:
        if self.restarted(status):
            # Their leases went with the store, as ours did: they have the time of one to renew it.
            self.grace, self.grace_until_ms = self.processes, status.now_ms + LEASE_MS
        elif status.now_ms >= self.grace_until_ms:
            self.grace = frozenset()
        living = status.processes | self.grace | {self.process}
        turnover = Turnover(self.processes - living, living - self.processes)
        self.processes = living
        return turnover
