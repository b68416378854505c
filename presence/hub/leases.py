"""Which processes live, by their leases, and the epoch of the store."""

import asyncio
import math
import secrets
from typing import NamedTuple

from neartalk.clock import lasts
from presence.registry import LEASE_MS, Registry, StoreStatus

ASK_S = 1.0


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
        self.asked_s = -math.inf
        self.lost = False

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

    async def settles(self, *, at_once: bool = False) -> bool:
        """Whether sessions may be missing for a while: the store began anew, and the processes
        register theirs again. Asks at most once a second, but `at_once`. Raises Refused:
        `store-unavailable`."""
        now_s = asyncio.get_running_loop().time()
        if not self.grace and (at_once or now_s >= self.asked_s + ASK_S):
            self.asked_s = now_s
            self.lost = self.restarted(await self.registry.status(()))
        return bool(self.grace) or self.lost

    def apply(self, status: StoreStatus, *, clock_set: bool = False) -> Turnover:
        """Replaces the known processes by those of a status. Returns the difference.

        `clock_set` says that the store's clock was set since the last one.
        """
        if self.restarted(status) or (clock_set and self.epoch):
            # Their leases went with the store, as ours did, or mean nothing by its clock: they have
            # the time of one to renew it.
            self.grace, self.grace_until_ms = self.processes, status.now_ms + LEASE_MS
        elif not lasts(self.grace_until_ms, status.now_ms, LEASE_MS):
            self.grace = frozenset()
        living = status.processes | self.grace | {self.process}
        turnover = Turnover(self.processes - living, living - self.processes)
        self.processes = living
        return turnover
