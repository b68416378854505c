"""The people who are in voice by a connection of this process: they enter, move, go away and leave.

Here alone a transaction's changes are written to connections and published to other processes.
"""

from collections.abc import Collection
from functools import partial

from neartalk.background import Background
from neartalk.codes import Refused
from presence.hub import Hub
from voice.call_graph import CallGraph, Changes, EndReason, Step
from voice.callers import AWAY_MS, Caller, DoorState, districts_in_reach
from voice.membership import enter, leave, settle, suspend
from voice.signaling.broadcaster import CallBroadcaster
from voice.signaling.connection import SignalingConnection
from voice.signaling.connections import Connections
from voice.signaling.coordinator import CallCoordinator
from voice.signaling.districts import DistrictSubscriptions


class Participants:
    """This process's people in voice, and the one way to change callers.

    `away` are those whose last socket was here, and until when (ms) they may come back. Perhaps no
    process subscribes to their district any more. `entered` are those whom this process has entered
    and not taken out yet: without a connection here they are ghosts.
    """

    def __init__(
        self,
        presence: Hub,
        connections: Connections,
        coordinator: CallCoordinator,
        districts: DistrictSubscriptions,
        broadcaster: CallBroadcaster,
        background: Background,
    ) -> None:
        self.presence = presence
        self.connections = connections
        self.coordinator = coordinator
        self.districts = districts
        self.broadcaster = broadcaster
        self.later = background.later
        self.away: dict[str, int] = {}
        self.entered: set[str] = set()

    # ---- Changes -----------------------------------------------------------------------------

    async def transact(
        self, ids: Collection[str], step: Step, beside: Collection[str] = ()
    ) -> Changes:
        """Carries out a step, writes and publishes what it changed. Raises Refused as
        `CallCoordinator.transaction` does."""
        changes = await self.coordinator.transaction(ids, step, beside)
        self.broadcaster.publish(changes)
        self.write(changes)
        return changes

    async def settle(self, connection: SignalingConnection) -> None:
        """Ends a person's ties that cannot go on, and fills their free places: by who waits, then
        by open doors."""
        await self.publish_blocks(connection)
        own = connection.person_id
        beside = self.coordinator.beside(self.coordinator.known(own))
        await self.transact([own], partial(settle, person_id=own), beside)

    def write(self, changes: Changes) -> None:
        """Writes changes, made here or elsewhere, to this process's connections."""
        self.broadcaster.write(changes)
        for caller in changes.callers:
            self._compare(caller)

    def _compare(self, caller: Caller) -> None:
        """Compares a caller with the connection of its person here, after another process wrote it:
        publishes them again if that took them out, and hands over if they are elsewhere now."""
        connection = self.connections.of(caller.person_id)
        if connection is None or not 0 < connection.version < caller.version:
            return
        if not caller.process:
            self.later(self.publish(connection))
        elif self._is_elsewhere(connection, caller):
            self.hand_over(connection)

    def _is_elsewhere(self, connection: SignalingConnection, caller: Caller) -> bool:
        """Whether its person joined by another connection after it wrote their caller last."""
        here = self.presence.process, connection.instance
        newer = 0 < connection.version < caller.version
        return newer and bool(caller.process) and (caller.process, caller.instance) != here

    # ---- Coming and going --------------------------------------------------------------------

    async def join(
        self, connection: SignalingConnection, instance: str, *, direct: bool, door: DoorState
    ) -> None:
        """Its person is in voice by this connection from now on, and by no other. Raises Refused:
        `store-unavailable`; the next round tries again then."""
        before = self.connections.of(connection.person_id)
        if before and before is not connection:
            self.hand_over(before)
        self.connections.add(connection)
        connection.instance, connection.direct, connection.door = instance, direct, door
        connection.version = 0
        await self.publish(connection)

    async def set_door(self, connection: SignalingConnection, door: DoorState) -> None:
        """Turns the door of its person. Raises Refused: `store-unavailable`; the next round tries
        again then."""
        connection.door = door
        await self.publish(connection)

    async def publish(self, connection: SignalingConnection) -> None:
        """Enters the caller of a connection as they are now: name, place, blocks and door. Whom
        open doors connect with them is connected at once."""
        await self._refresh(connection)
        if not self.connections.is_current(connection):
            return
        me = self._caller(connection)
        self.connections.subscribe(connection, districts_in_reach(me.place))
        await self.districts.subscribe(connection.districts)

        def enter_unless_gone(graph: CallGraph) -> None:
            known = graph.get(me.person_id)
            elsewhere = graph.alive(known) and self._is_elsewhere(connection, known)
            if self.connections.is_current(connection) and not elsewhere:
                # As they are by now: a door may have turned while others were read.
                enter(graph, self._caller(connection))

        self.entered.add(me.person_id)
        known = self.coordinator.known(me.person_id)
        beside = self.coordinator.beside(me.changed(ties=known.ties, declined=known.declined))
        changes = await self.transact([me.person_id], enter_unless_gone, beside)
        [entered] = [one for one in changes.read if one.person_id == me.person_id] or [me]
        if self.connections.is_current(connection) and self._is_elsewhere(connection, entered):
            self.hand_over(connection)
            return
        connection.version = entered.version
        self.connections.show_door(connection)
        latest = self.coordinator.known(me.person_id)
        # What was known before is over, also where a store that lost something has an older one.
        if latest is not known:
            self._compare(latest)

    async def publish_blocks(self, connection: SignalingConnection) -> None:
        """Publishes a caller whose blocks are not those of their session: somebody is about to be
        connected, and no round comes before that."""
        session = await self.presence.registry.get(connection.session.digest)
        known = self.coordinator.known(connection.person_id)
        if session and known.joined and session.hidden != known.hidden:
            await self.publish(connection)

    async def _refresh(self, connection: SignalingConnection) -> None:
        """Reads its session anew: a block is perhaps younger than the socket, and nobody is to come
        in by an open door in spite of it. One that is over is left to the rounds."""
        session = await self.presence.registry.get(connection.session.digest)
        if session and session.person.cell:
            connection.session = await self.presence.in_effect(session)

    def _caller(self, connection: SignalingConnection) -> Caller:
        person = connection.session.person
        return Caller(
            person.person_id,
            person.name,
            person.place,
            connection.direct,
            connection.instance,
            self.presence.process,
            self.districts.hints.groups.channel,
            hidden=connection.session.hidden,
            door=connection.door,
        )

    async def leave(self, person_id: str, reason: EndReason) -> None:
        await self.transact([person_id], lambda graph: leave(graph, person_id, reason))
        self._took_out(person_id)
        await self.unsubscribe()

    async def suspend(self, person_id: str) -> None:
        """Their socket closed: they are away for AWAY_MS, unless they are back already."""
        until_ms = self.presence.now_ms() + AWAY_MS

        def suspend_unless_back(graph: CallGraph) -> None:
            here = graph.get(person_id).process == self.presence.process
            if here and self.connections.of(person_id) is None:
                suspend(graph, person_id, until_ms)

        await self.transact([person_id], suspend_unless_back)
        self._took_out(person_id)
        self.away[person_id] = until_ms
        await self.unsubscribe()

    def _took_out(self, person_id: str) -> None:
        if self.connections.of(person_id) is None:
            self.entered.discard(person_id)

    def ghosts(self) -> list[str]:
        """The ids of those whom this process has entered and who have no connection here."""
        return [*self.entered - self.connections.by_person.keys()]

    def hand_over(self, connection: SignalingConnection) -> None:
        """Its person is in voice by another connection now."""
        self.connections.remove(connection)
        connection.refuse(Refused("voice-elsewhere"))

    async def unsubscribe(self) -> None:
        """Leaves the districts that no connection needs any more."""
        await self.districts.unsubscribe_but(self.connections.by_district)
