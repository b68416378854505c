"""Rounds that repair what a lost hint or a failed request left behind. They compare sessions with
what is published of them, the cache with the store, and callers with the living processes.
"""

import asyncio
from collections.abc import Collection, Iterator

from neartalk.clock import lasts
from presence.geo import area_of
from presence.sessions import why_over
from voice.call_graph import Changes, End, EndReason, districts_of
from voice.callers import AWAY_MS, Caller
from voice.membership import reap
from voice.mesh import may_speak
from voice.signaling.broadcaster import note_calls
from voice.signaling.connection import SignalingConnection
from voice.signaling.participants import Participants
from voice.signaling.peer_list import LIST_PERIOD_S

# By then all processes have put back what they know.
RESTORED_ROUNDS = 5


class Repair:
    """The rounds of one process. `epoch` and `processes` are those of the last `follow`.
    `restored` is in how many more of them calls may come back that the store has lost."""

    def __init__(self, participants: Participants) -> None:
        self.participants = participants
        self.presence = participants.presence
        self.connections = participants.connections
        self.coordinator = participants.coordinator
        self.peer_lists = participants.broadcaster.peer_lists
        self.healing = asyncio.Lock()
        self.processes = self.presence.leases.processes
        self.epoch = ""
        self.restored = 0

    # ---- Every 2 s ---------------------------------------------------------------------------

    async def follow(self) -> None:
        """Publishes people who moved or were renamed, and reaps who is gone. Raises Refused:
        `store-unavailable`; the next round tries again."""
        leases = self.presence.leases
        if self.epoch != leases.epoch:
            await self.heal()
            self.epoch, self.restored = leases.epoch, RESTORED_ROUNDS
        each = [*self.connections.by_person.values()]
        await asyncio.gather(*map(self.follow_connection, each))
        if self.processes != leases.processes:
            self.processes = leases.processes
            for connection in self.connections.by_person.values():
                self.peer_lists.schedule(connection, LIST_PERIOD_S)
        if dead := {*self._late(), *await self.coordinator.dead()}:
            await self._reap(dead)
        for connection in [*self.connections.by_person.values()]:
            self._send_missed_ends(connection)

    async def follow_connection(self, connection: SignalingConnection) -> None:
        """Publishes its caller again if name, place, blocks, door or what it joined with differ;
        ends it with its session."""
        epoch = self.presence.leases.epoch
        session = await self.presence.registry.get(connection.session.digest)
        if session is None or not session.person.cell:
            # A store that began anew has lost sessions; the presence hub puts them back.
            if (await self.presence.registry.status(())).epoch == epoch:
                await self._end(connection)
            return
        connection.session = session = await self.presence.in_effect(session)
        known, person = self.coordinator.known(connection.person_id), session.person
        published = known.name, known.place, known.hidden, known.door
        current = person.name, person.place, session.hidden, connection.door
        differs = published != current or self._is_join_lost(connection, known)
        if connection.joined and differs:
            await self.participants.publish(connection)
            await self.participants.unsubscribe()

    def _is_join_lost(self, connection: SignalingConnection, known: Caller) -> bool:
        """Whether the store did not take how it joined. Who is at another process joined there."""
        joined = connection.direct, connection.instance
        here = known.process in {"", self.presence.process}
        return here and joined != (known.direct, known.instance)

    async def _end(self, connection: SignalingConnection) -> None:
        """Ends a connection whose session is over, and its person's calls."""
        refused = await why_over(self.presence.platform.sanctions, connection.session)
        connection.refuse(refused)
        connection.close(refused.row.close)
        if connection.joined:
            self.connections.remove(connection)
            await self.participants.leave(connection.person_id, EndReason.SESSION)

    def _send_missed_ends(self, connection: SignalingConnection) -> None:
        """Tells the ends of calls that two rounds miss, and that no change told: its hint or its
        answer was lost, or its process."""
        own = self.coordinator.known(connection.person_id)
        note_calls(connection, own)
        missing = connection.calls - own.calls
        for other in missing & connection.missing:
            end = End(own.person_id, other, self._why_ended(own, other))
            self.participants.broadcaster.end(connection, end)
            connection.ended.add(other)
        connection.missing = missing - connection.missing

    def _why_ended(self, own: Caller, other_id: str) -> EndReason:
        """As far as it can still be seen."""
        other = self.coordinator.known(other_id)
        if not self.coordinator.alive(other):
            return EndReason.GONE
        return EndReason.LEFT if may_speak(own, other) else EndReason.APART

    def _late(self) -> Iterator[str]:
        """The ids of those who did not come back in time."""
        now_ms, away = self.presence.now_ms(), self.participants.away
        return (id for id, until_ms in away.items() if not lasts(until_ms, now_ms, AWAY_MS))

    async def _reap(self, dead: Collection[str]) -> None:
        await self.participants.transact(dead, lambda graph: reap(graph, dead))
        for person_id in dead:
            self.participants.away.pop(person_id, None)

    # ---- Every 10 s --------------------------------------------------------------------------

    async def heal(self) -> None:
        """Reads all districts again: applies changes that no hint told of, enters who was lost with
        the store, and suspends whom it still has at this process without a connection. Raises
        Refused: `store-unavailable`; the next round tries again."""
        async with self.healing:
            cache = self.coordinator.cache
            cache.begin_load()
            found = await self.coordinator.callers.within(cache.districts)
            await self._enter_lost(found)
            self.participants.write(unannounced(cache.load(found)))
            await self._suspend_stale(found)
            for connection in [*self.connections.by_person.values()]:
                if self.coordinator.unsettled(connection.person_id):
                    self.peer_lists.schedule(connection, LIST_PERIOD_S)
                # Open doors of a crowd are many to look at: others have their turn.
                await asyncio.sleep(0)
            await self.participants.unsubscribe()

    async def _enter_lost(self, found: Collection[Caller]) -> None:
        lost = self.connections.by_person.keys() - {one.person_id for one in found}
        for connection in [self.connections.by_person[person_id] for person_id in lost]:
            if connection.joined:
                await self.participants.publish(connection)

    async def _suspend_stale(self, found: Collection[Caller]) -> None:
        ours = [one.person_id for one in found if one.process == self.presence.process]
        for person_id in {*ours, *self.participants.ghosts()}:
            if self.connections.of(person_id) is None:
                await self.participants.suspend(person_id)

    # ---- More seldom -------------------------------------------------------------------------

    async def touch(self) -> None:
        """Keeps this process's callers in the store."""
        each = map(self.coordinator.known, self.connections.by_person)
        await self.coordinator.callers.touch(each)

    async def count(self) -> None:
        """Counts a minute of voice for each connection."""
        for connection in self.connections.by_person.values():
            self.presence.activity.count_voice_minute(area_of(connection.session.person.cell))


def unannounced(callers: Collection[Caller]) -> Changes:
    """Changes that no hint told of, to be written here; the calls that they ended are unknown."""
    return Changes(callers=tuple(callers), visible_in=districts_of(callers))
