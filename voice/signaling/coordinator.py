"""Reads and changes callers: in the store, and in this process's cache."""

from collections.abc import Collection, Iterable, Mapping
from heapq import nsmallest
from typing import TypeGuard

from django.conf import settings

from presence.hub import Hub
from voice.call_graph import CallGraph, Changes, Step
from voice.callers import Caller, Callers
from voice.calls import connected
from voice.membership import settle
from voice.mesh import rank_for
from voice.signaling.cache import CallerCache


class CallCoordinator:
    """Carries out transactions on callers. It writes to no connection and publishes nothing: what a
    transaction changed is returned."""

    def __init__(self, presence: Hub, callers: Callers) -> None:
        self.presence = presence
        self.callers = callers
        self.cache = CallerCache()

    def known(self, person_id: str) -> Caller:
        return self.cache.get(person_id)

    def alive(self, caller: Caller | None) -> TypeGuard[Caller]:
        return caller is not None and caller.alive(
            self.presence.leases.processes, self.presence.now_ms()
        )

    async def transaction(
        self, ids: Collection[str], step: Step, beside: Collection[str] = ()
    ) -> Changes:
        """Carries out a step on these people, all whom they are tied to and those beside, in one
        transaction of the store, and keeps them in the cache.

        The step runs again if another transaction was quicker. Raises Refused as the step does,
        or `store-unavailable`.
        """
        # Those whom the store has lost are put back with whom they were tied to.
        others = {*beside, *(other for id in ids for other in self.known(id).ties)}

        def decide(found: Mapping[str, Caller]) -> Changes:
            graph = self._graph(self._restored(found, ids, others))
            step(graph)
            return graph.changes_since(found)

        changes = await self.callers.change(ids, decide, others)
        self.cache.update(changes.read)
        return changes

    async def connected(self, own: str, to: str) -> tuple[Caller, Caller]:
        """Both callers, as the store has them. Raises Refused as `calls.connected` does, or
        `store-unavailable`."""
        found = await self.callers.read([own, to])
        return connected(self._graph(self._restored(found, [own, to], ())), own, to)

    def beside(self, me: Caller) -> list[str]:
        """The ids of the nearest whom open doors would connect with a person, as far as the cache
        knows: twice as many as they may have connections, for some may be taken by now."""
        limit = settings.VOICE_CONNECTIONS
        each = self.cache.beside_doors(me, limit, self.presence.now_ms())
        alive = filter(self.alive, each)
        nearest = nsmallest(2 * limit, alive, key=lambda one: rank_for(me, one))
        return [one.person_id for one in nearest]

    def unsettled(self, person_id: str) -> bool:
        """Whether `settle` would change something: a place is free, or a tie cannot go on."""
        me = self.known(person_id)
        beside = {id: self.cache.callers[id] for id in self.beside(me)}
        before = {**self.cache.with_tied(me), **beside}
        graph = self._graph(before)
        settle(graph, person_id)
        return graph.callers != before

    async def dead(self) -> set[str]:
        """The ids of callers who joined and are not alive. The store has the last word on which
        processes live. Raises Refused: `store-unavailable`."""
        missing = [one for one in self.cache.callers.values() if one.joined and not self.alive(one)]
        if not missing:
            return set()
        status = await self.presence.registry.status(())
        return {one.person_id for one in missing if not one.alive(status.processes, status.now_ms)}

    def _graph(self, callers: Mapping[str, Caller]) -> CallGraph:
        return CallGraph(
            callers,
            self.presence.leases.processes,
            self.presence.now_ms(),
            settings.VOICE_CONNECTIONS,
            self.presence.platform.rules["voice.knock"],
        )

    def _restored(
        self, found: Mapping[str, Caller], ids: Iterable[str], others: Iterable[str]
    ) -> dict[str, Caller]:
        """With those whom a store that began anew has lost, as the cache has them: these people,
        who may have declined somebody before they left, and others who are alive."""
        lost = {id: self.cache.callers[id] for id in ids if id in self.cache.callers}
        known = filter(self.alive, map(self.cache.callers.get, others))
        return {**{one.person_id: one for one in known}, **lost, **found}
