"""Builds the parts of signaling and is what consumers call: one hub a process.

A call goes down: the hub, `Participants`, `CallCoordinator` and the store; what it changed comes
back as `Changes`, which `Participants` writes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.limits import Meters
from neartalk.models import Sanction
from presence.hub import Hint, Hints, Hub
from presence.push import Notice, NoticeKind, may_push
from presence.values import Session
from voice import calls
from voice.call_graph import CallGraph, EndReason
from voice.callers import Callers, DoorState
from voice.signaling.broadcaster import CallBroadcaster
from voice.signaling.connection import SignalingConnection
from voice.signaling.connections import Connections
from voice.signaling.coordinator import CallCoordinator
from voice.signaling.districts import DistrictSubscriptions
from voice.signaling.hints import from_hint
from voice.signaling.participants import Participants
from voice.signaling.peer_list import PeerLists
from voice.signaling.relay import SignalRelay
from voice.signaling.repair import Repair

FOLLOW_S = 2.0
HEAL_S = 10.0
TOUCH_S = 300.0
MINUTE_S = 60.0
# A step of one person towards another.
PairStep = Callable[[CallGraph, str, str], None]


class VoiceHub:
    """Voice of one process. Without a channel layer there are no other processes. `knocks` counts
    the knocks that were tried."""

    def __init__(self, presence: Hub, callers: Callers, layer: Any = None) -> None:
        self.presence = presence
        self.background = Background()
        self.later = self.background.later
        instruments = presence.platform.instruments
        self.hints = Hints(layer, presence.leases, "voice", self.background, instruments)
        self.connections = Connections(presence.set_door)
        self.coordinator = CallCoordinator(presence, callers)
        self.peer_lists = PeerLists(self.coordinator)
        broadcaster = CallBroadcaster(self.connections, self.peer_lists, self.hints)
        self.relay = SignalRelay(self.coordinator, broadcaster)
        self.participants = Participants(
            presence,
            self.connections,
            self.coordinator,
            DistrictSubscriptions(self.hints, callers, self.coordinator.cache),
            broadcaster,
            self.background,
        )
        self.repair = Repair(self.participants)
        self.starting = asyncio.Lock()
        self.knocks = 0
        self.turns = Meters(presence.platform.rules, "voice.door")
        # Who is in voice keeps the allowance of the rule with the caller.
        self.asked_away = Meters(presence.platform.rules, "voice.knock")
        self.sanctions = presence.platform.sanctions
        self.sanctions.listen(self.end_sanctioned)
        presence.runner.end_listeners.append(self.end_session)

    async def start(self) -> None:
        """Begins to receive hints, to send peer lists and to repair; does nothing the second time.
        Raises Refused: `store-unavailable`."""
        await self.presence.start()
        async with self.starting:
            if self.background.rounds:
                return
            self.repair.epoch = self.presence.leases.epoch
            if self.hints.layer:
                await self.hints.open()
                self.background.always(self._follow_hints())
            self.background.always(self._send_lists())
            for period_s, work in (
                (FOLLOW_S, self.repair.follow),
                (FOLLOW_S, self.repeat_states),
                (HEAL_S, self.repair.heal),
                (TOUCH_S, self.repair.touch),
                (MINUTE_S, self.repair.count),
            ):
                self.background.every(period_s, work)

    async def stop(self) -> None:
        for connection in self.connections.by_person.values():
            connection.reset()
        await self.background.end()

    # ---- Coming and going --------------------------------------------------------------------

    async def join(
        self,
        connection: SignalingConnection,
        instance: str,
        *,
        direct: bool,
        door: DoorState = DoorState.ASK,
    ) -> None:
        if door is DoorState.OPEN or door is not connection.door:
            self._allow_turn(connection)
        await self.start()
        await self.participants.join(connection, instance, direct=direct, door=door)
        self.peer_lists.schedule(connection)
        self.later(self.relay.request_states(connection))

    async def set_door(self, connection: SignalingConnection, door: DoorState) -> None:
        """The same door again changes nothing. The list that comes has the door, as it stands.
        Raises Refused: `not-joined`, `too-fast`, `store-unavailable`."""
        require_joined(connection)
        if door is not connection.door:
            self._allow_turn(connection)
            await self.participants.set_door(connection, door)
        connection.list_hash = 0
        self.peer_lists.schedule(connection)

    def _allow_turn(self, connection: SignalingConnection) -> None:
        """A door that turns makes others be connected. Raises Refused: `too-fast`."""
        self.turns.allow(connection.person_id.encode(), "too-fast")

    async def leave(self, connection: SignalingConnection) -> None:
        require_joined(connection)
        self.connections.remove(connection)
        await self.participants.leave(connection.person_id, EndReason.LEFT)

    def exit(self, connection: SignalingConnection) -> None:
        """The socket is gone. Its person keeps their calls for 30 s."""
        if connection.joined:
            self.connections.remove(connection)
            self.later(self.participants.suspend(connection.person_id))

    def end_session(self, session: Session, refused: Refused) -> None:
        """Ends a connection whose session is over as far as this process knows: nobody hears on for
        the 2 s that a round may take."""
        connection = self.connections.of(session.person.person_id)
        if connection and connection.session.digest == session.digest:
            connection.refuse(refused)
            connection.close(refused.row.close)
            self.connections.remove(connection)
            self.later(self.participants.leave(connection.person_id, EndReason.SESSION))

    def end_sanctioned(self, news: Sequence[Sanction]) -> None:
        """Ends the calls of whoever is banned or muted, of those who are away too. The sockets are
        told by whoever knows them."""
        bans = {row.person_id for row in news if row.kind == Sanction.Kind.BAN}
        mutes = {key for row in news for key in (row.person_id, row.device) if key} - bans
        away = self.participants.away.keys()
        ending = dict.fromkeys(bans & away, EndReason.SESSION)
        ending |= dict.fromkeys(mutes & away, EndReason.LEFT)
        for connection in [*self.connections.by_person.values()]:
            person_id, device = connection.person_id, connection.session.device
            banned = bool(bans) and self.sanctions.banned(person_id, device)
            if banned or not mutes.isdisjoint((person_id, device)):
                self.connections.remove(connection)
                ending[person_id] = EndReason.SESSION if banned else EndReason.LEFT
        for person_id, reason in ending.items():
            self.later(self.participants.leave(person_id, reason))

    # ---- From one person to another ----------------------------------------------------------

    async def knock(self, connection: SignalingConnection, to: str) -> None:
        self.knocks += 1
        try:
            await self._agree(connection, to, calls.knock)
        except Refused as refused:
            if refused.code != "out-of-reach" or not await self._ask_away(connection, to):
                raise
            raise Refused("away", ref=to) from refused

    async def _ask_away(self, connection: SignalingConnection, to: str) -> bool:
        """Has somebody who is away told by a push that a person wants to talk; False of whoever is
        not away near them. The chat of whoever asks may be at another process, so the store says.
        Raises Refused: `too-fast`, `store-unavailable`."""
        person, presence = connection.session.person, self.presence
        notice = Notice(NoticeKind.TALK, to, person.person_id, person.name, person.place)
        found = await presence.registry.find(to)
        if not found or not found.person.alive(presence.leases.processes, presence.now_ms()):
            return False
        if not may_push(found, notice):
            return False
        self.asked_away.allow(person.person_id.encode(), "too-fast")
        presence.pushes.enqueue_away(notice)
        return True

    async def accept(self, connection: SignalingConnection, to: str) -> None:
        await self._agree(connection, to, calls.accept)

    async def decline(self, connection: SignalingConnection, to: str) -> None:
        await self._step(connection, to, calls.decline)

    async def _agree(self, connection: SignalingConnection, to: str, step: PairStep) -> None:
        """A step that may connect two, also at once: by their blocks as they are by now."""
        require_joined(connection)
        await self.participants.publish_blocks(connection)
        await self._step(connection, to, step)

    async def _step(self, connection: SignalingConnection, to: str, step: PairStep) -> None:
        require_joined(connection)
        own = connection.person_id
        await self.participants.transact([own, to], lambda graph: step(graph, own, to))

    async def relay_signal(
        self, connection: SignalingConnection, to: str, kind: str, field: str, raw: str
    ) -> None:
        require_joined(connection)
        await self.relay.relay(connection, to, kind, field, raw)

    async def send_state(self, connection: SignalingConnection, *, muted: bool) -> None:
        require_joined(connection)
        await self.relay.send_state(connection, muted=muted)

    async def repeat_states(self) -> None:
        """For some rounds after the store began anew: what was said of microphones meanwhile went
        to nobody where a call was not back yet."""
        if not self.repair.restored:
            return
        self.repair.restored -= 1
        for connection in [*self.connections.by_person.values()]:
            if connection.joined and connection.muted is not None:
                await self.relay.send_state(connection, muted=connection.muted)

    async def _follow_hints(self) -> None:
        """Applies each hint of another process as it comes, for ever."""
        async for hint in self.hints.received():
            with self.hints.failures_logged():
                await self._receive(hint)

    async def _receive(self, hint: Hint) -> None:
        self.presence.note_process(hint["from"])
        if hint["type"] == "voice.changed":
            changes = from_hint(hint)
            self.coordinator.cache.update(changes.callers)
            self.participants.write(changes)
        elif hint["type"] == "voice.passed":
            await self.relay.receive(hint["to"], hint["frame"])
        elif hint["type"] == "voice.asked":
            await self.relay.answer(hint)

    # ---- Peer lists --------------------------------------------------------------------------

    async def send_list(self, connection: SignalingConnection) -> None:
        """Sends the list, changed or not, as seen from where the person is by now."""
        require_joined(connection)
        await self.repair.follow_connection(connection)
        connection.list_hash = 0
        self.peer_lists.schedule(connection)

    async def _send_lists(self) -> None:
        while True:
            self.later(self._send_list(await self.peer_lists.due()))

    async def _send_list(self, connection: SignalingConnection) -> None:
        """Before a list is sent, ties that cannot go on are ended, and free places filled."""
        if not self.peer_lists.begin(connection):
            return
        if self.coordinator.unsettled(connection.person_id):
            await self.participants.settle(connection)
        await self.peer_lists.send(connection)


def require_joined(connection: SignalingConnection) -> None:
    """Raises Refused: `not-joined`."""
    if not connection.joined:
        raise Refused("not-joined")
