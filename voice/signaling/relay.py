"""What one person sends to another in a call: offers, answers, candidates, and who is muted."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from voice.addresses import local_allowed
from voice.callers import Caller, Tie
from voice.mesh import is_direct
from voice.sdp_filter import SdpFilter
from voice.signaling import frames
from voice.signaling.broadcaster import CallBroadcaster
from voice.signaling.connection import SignalingConnection
from voice.signaling.coordinator import CallCoordinator


class SignalRelay:
    """Relays between people whose tie is live. `relayed` counts offers, answers, candidates."""

    def __init__(self, coordinator: CallCoordinator, broadcaster: CallBroadcaster) -> None:
        self.coordinator = coordinator
        self.broadcaster = broadcaster
        self.relayed = 0

    async def relay(
        self, connection: SignalingConnection, to: str, kind: str, field: str, raw: str
    ) -> None:
        """Sends what the other person may see of it; a candidate that they must not see is dropped.

        Raises Refused: `not-joined`, `out-of-reach`, `not-agreed`, `bad-sdp`, `bad-candidate`,
        `store-unavailable`.
        """
        me, other = await self.coordinator.connected(connection.person_id, to)
        clean = filtered(me, other, field, raw)
        if clean is not None:
            self.relayed += 1
            await self.broadcaster.send(other, frames.relayed(kind, me, **{field: clean}))

    async def send_state(self, connection: SignalingConnection, *, muted: bool) -> None:
        """Sends to everyone whom the person speaks with. Raises Refused: `store-unavailable`."""
        connection.muted = muted
        me = self.coordinator.known(connection.person_id)
        for other_id in me.tied_by(Tie.LIVE):
            other = self.coordinator.known(other_id)
            await self.broadcaster.send(other, frames.relayed("voice.state", me, muted=muted))

    async def request_states(self, connection: SignalingConnection) -> None:
        """Somebody is in voice by this connection from now on: they are told again who of those
        they speak with is muted, for what was said of it meanwhile went to nobody. Raises Refused:
        `store-unavailable`."""
        own, hints = connection.person_id, self.broadcaster.hints
        for other_id in self.coordinator.known(own).tied_by(Tie.LIVE):
            other = self.coordinator.known(other_id)
            if frame := self._state_for(own, other_id):
                connection.send(frame)
            elif other.channel and other.process != hints.process:
                asked = {"type": "voice.asked", "of": other_id, "to": own}
                await hints.send(other.channel, {**asked, "channel": hints.groups.channel})

    async def answer(self, hint: Mapping[str, Any]) -> None:
        """Another process asks for the state of a person here. Raises Refused:
        `store-unavailable`."""
        if frame := self._state_for(hint["to"], hint["of"]):
            passed = {"type": "voice.passed", "to": hint["to"], "frame": frame}
            await self.broadcaster.hints.send(hint["channel"], passed)

    def _state_for(self, to: str, of: str) -> dict[str, Any] | None:
        """What somebody here said last of their microphone, to whom they speak with."""
        connection, me = self.broadcaster.connections.of(of), self.coordinator.known(of)
        if connection is None or connection.muted is None or me.ties.get(to) is not Tie.LIVE:
            return None
        return frames.relayed("voice.state", me, muted=connection.muted)

    async def receive(self, to: str, frame: dict[str, Any]) -> None:
        """Another process relays to a person here. It is dropped if the call has ended since."""
        connection = self.broadcaster.connections.of(to)
        if connection and connection.joined:
            known = self.coordinator.known(to)
            if known.ties.get(frame["from"]) is not Tie.LIVE:
                known = (await self.coordinator.callers.read([to])).get(to, known)
            if known.ties.get(frame["from"]) is Tie.LIVE:
                connection.send(frame)


def filtered(me: Caller, other: Caller, field: str, raw: str) -> str | None:
    """The description or candidate as the other may see it; None where nothing of it may be seen.

    Raises Refused: `bad-sdp`, `bad-candidate`, with the other person as `ref`.
    """
    direct = is_direct(me, other)
    local = local_allowed(direct=direct, debug=settings.DEBUG, named=settings.VOICE_LOCAL)
    sdp = SdpFilter(relay_only=not direct, networks=settings.VOICE_NETWORKS, local=local)
    try:
        return sdp.candidate(raw) if field == "candidate" else sdp.description(raw)
    except Refused as why:
        raise Refused(why.code, ref=other.person_id) from why
