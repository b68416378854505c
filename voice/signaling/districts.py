"""The districts whose callers this process keeps up to date: by their groups, and by reading."""

import asyncio
from collections.abc import Collection

from presence.hub import Hints
from voice.callers import Callers, District
from voice.signaling.cache import CallerCache


class DistrictSubscriptions:
    """Subscribes to districts and leaves them, one request after the other: a district is not left
    while somebody else subscribes to it."""

    def __init__(self, hints: Hints, callers: Callers, cache: CallerCache) -> None:
        self.hints = hints
        self.callers = callers
        self.cache = cache
        self.gate = asyncio.Lock()
        # Whose groups were not left yet.
        self.leaving: set[District] = set()

    async def subscribe(self, districts: Collection[District]) -> None:
        """Returns once the callers of these districts are in the cache. It joins the groups first
        and reads then, so that no change in between is missed.

        Raises Refused: `store-unavailable`; then none of them counts as subscribed.
        """
        async with self.gate:
            if fresh := {*districts} - self.cache.districts:
                self.leaving -= fresh
                await self.hints.join(fresh)
                self.cache.update(await self.callers.within(fresh))
                self.cache.districts |= fresh

    async def unsubscribe_but(self, wanted: Collection[District]) -> None:
        """Leaves all districts but these. `wanted` is read when it is its turn. Raises Refused:
        `store-unavailable`; the next call leaves them then."""
        async with self.gate:
            spare = self.cache.districts - {*wanted}
            self.cache.remove_districts(spare)
            self.leaving |= spare
            if self.leaving:
                await self.hints.leave(self.leaving)
                self.leaving.clear()
