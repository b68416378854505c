"""Who is in voice, in the memory of the one process of the embedded form."""

from collections.abc import Collection, Iterable, Mapping

from neartalk.clock import Clock, steady_ms
from voice.callers.contract import KEEP_MS, Caller, D, Decide, District


class MemoryCallers:
    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.callers: dict[str, Caller] = {}
        self.ends_ms: dict[str, int] = {}
        self.districts: dict[District, set[str]] = {}

    async def change(
        self, ids: Collection[str], decide: Decide[D], beside: Collection[str] = ()
    ) -> D:
        self._expire()
        tied = {other for id in ids if id in self.callers for other in self.callers[id].ties}
        known = {id: self.callers[id] for id in {*ids, *tied, *beside} if id in self.callers}
        decision = decide(known)
        for caller in decision.callers:
            self._keep(caller)
        return decision

    async def read(self, ids: Collection[str]) -> Mapping[str, Caller]:
        return {id: self.callers[id] for id in ids if id in self.callers}

    async def within(self, districts: Iterable[District]) -> list[Caller]:
        self._expire()  # asked in rounds: whoever was last here goes too
        return [
            self.callers[id] for district in districts for id in self.districts.get(district, ())
        ]

    async def touch(self, callers: Iterable[Caller]) -> None:
        for caller in callers:
            if caller.person_id in self.callers:
                self._keep(self.callers[caller.person_id])

    def _keep(self, caller: Caller) -> None:
        """Keeps a caller for another KEEP_MS. `ends_ms` has the one that ends first in front."""
        self._remove(caller.person_id)
        self.callers[caller.person_id] = caller
        self.ends_ms[caller.person_id] = self.clock() + KEEP_MS
        if caller.joined:
            self.districts.setdefault(caller.district, set()).add(caller.person_id)

    def _remove(self, person_id: str) -> None:
        self.ends_ms.pop(person_id, None)
        known = self.callers.pop(person_id, None)
        if known and known.joined:
            self.districts[known.district].discard(person_id)
            if not self.districts[known.district]:
                del self.districts[known.district]

    def _expire(self) -> None:
        now = self.clock()
        while self.ends_ms:
            oldest = next(iter(self.ends_ms))
            if self.ends_ms[oldest] > now:
                return
            self._remove(oldest)
