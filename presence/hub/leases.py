"""Which processes live, as their leases say, and which life of the store this is."""

import secrets
from typing import NamedTuple

from presence.registry import LEASE_MS, Pulse, Registry


class Turnover(NamedTuple):
    """The processes that a pulse found dead, and those that it found alive anew."""

    died: frozenset[str]
    born: frozenset[str]


class Leases:
    """`process` is this one; `epoch` is that of the store, "" until the first pulse."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.process = secrets.token_hex(8)
        self.processes = frozenset({self.process})
        self.spared: frozenset[str] = frozenset()
        self.spared_until_ms = 0
        self.epoch = ""

    @property
    def alone(self) -> bool:
        return self.processes == {self.process}

    async def renew(self) -> None:
        await self.registry.renew(self.process)

    def hear_of(self, process: str) -> bool:
        """Whoever has just written lives; the next pulse knows for sure. True if that is news."""
        fresh = bool(process) and process not in self.processes
        if fresh:
            self.processes |= {process}
        return fresh

    def restarted(self, pulse: Pulse) -> bool:
        """Whether the store began anew."""
        return self.epoch not in {"", pulse.epoch}

    def take(self, pulse: Pulse) -> Turnover:
        if self.restarted(pulse):
            # Their leases went with the store, as ours did: they have the time of one to renew it.
            self.spared, self.spared_until_ms = self.processes, pulse.now_ms + LEASE_MS
        elif pulse.now_ms >= self.spared_until_ms:
            self.spared = frozenset()
        living = pulse.processes | self.spared | {self.process}
        turnover = Turnover(self.processes - living, living - self.processes)
        self.processes = living
        return turnover
