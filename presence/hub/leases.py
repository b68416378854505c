"""Which processes live, by their leases, and the epoch of the store."""

import secrets
from typing import NamedTuple

from presence.registry import LEASE_MS, Registry, StoreStatus


class Turnover(NamedTuple):
    """The processes that died since the last status, and those that are new."""

    died: frozenset[str]
    born: frozenset[str]


class Leases:
    """The processes that live as far as this one knows.

    `process` is this one; `epoch` is that of the store, "" until the first status. After a restart
    of the store those known before have a `grace` of one lease to renew theirs.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.process = secrets.token_hex(8)
        self.processes = frozenset({self.process})
        self.grace: frozenset[str] = frozenset()
        self.grace_until_ms = 0
        self.epoch = ""

    @property
    def alone(self) -> bool:
        """Whether no other process lives."""
        return self.processes == {self.process}

    async def renew(self) -> None:
        """Extends the lease of this process. Raises Refused: `store-unavailable`."""
        await self.registry.renew(self.process)

    def note_process(self, process: str) -> bool:
        """A process has just written, so it lives. True if it was not known."""
        fresh = bool(process) and process not in self.processes
        if fresh:
            self.processes |= {process}
        return fresh

    def restarted(self, status: StoreStatus) -> bool:
        """Whether the store began anew since the last status."""
        return self.epoch not in {"", status.epoch}

    def apply(self, status: StoreStatus) -> Turnover:
        """Replaces the known processes by those of a status. Returns the difference."""
        if self.restarted(status):
            # Their leases went with the store, as ours did: they have the time of one to renew it.
            self.grace, self.grace_until_ms = self.processes, status.now_ms + LEASE_MS
        elif status.now_ms >= self.grace_until_ms:
            self.grace = frozenset()
        living = status.processes | self.grace | {self.process}
        turnover = Turnover(self.processes - living, living - self.processes)
        self.processes = living
        return turnover
