"""`/signal`: checks the shape of a frame and calls the voice hub."""

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, ClassVar

from neartalk.codes import Refused
from presence.consumers import SocketConsumer
from presence.incoming import Action
from presence.values import Session
from voice.callers import DoorState
from voice.ice import has_relay
from voice.parts import Voice
from voice.signaling import SignalingConnection, frames

PERSON_ID = re.compile(r"[0-9a-f]{16}")
INSTANCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
POLICIES = {"relay", "direct"}


class SignalConsumer(SocketConsumer):
    """One socket of voice. What it sends besides answers comes from the voice hub."""

    kind = "signal"
    frame_max = 65_536
    frame_rule = "voice.frame"
    signaling: SignalingConnection | None = None

    def enter(self, scope: dict[str, Any]) -> None:
        super().enter(scope)
        voice: Voice = scope["state"]["voice"]
        self.hub = voice.hub

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.hub.later(work)

    async def arrive(self, session: Session) -> None:
        self.signaling = SignalingConnection(session, self.connection)

    def gone(self) -> None:
        if self.signaling:
            self.hub.exit(self.signaling)

    # ---- What a frame may ask for ------------------------------------------------------------

    async def join(self, frame: dict[str, Any]) -> None:
        connection = self._require_session()
        policy, instance = frame.get("policy"), frame.get("instance")
        door = door_of(frame.get("door") if "door" in frame else "ask")
        if not isinstance(policy, str) or policy not in POLICIES:
            raise Refused("bad-frame")
        if not isinstance(instance, str) or not INSTANCE.fullmatch(instance):
            raise Refused("bad-frame")
        self.platform.sanctions.refuse_muted(connection.person_id, connection.session.device)
        if policy == "relay" and not has_relay():
            raise Refused("no-relay")
        await self.hub.join(connection, instance, direct=policy == "direct", door=door)

    async def door(self, frame: dict[str, Any]) -> None:
        wanted = turned(frame.get("open"), frame.get("locked") if "locked" in frame else False)
        await self.hub.set_door(self._require_session(), wanted)

    async def leave(self, frame: dict[str, Any]) -> None:
        await self.hub.leave(self._require_session())

    async def peers(self, frame: dict[str, Any]) -> None:
        await self.hub.send_list(self._require_session())

    async def knock(self, frame: dict[str, Any]) -> None:
        await self.hub.knock(self._require_session(), to_of(frame))

    async def accept(self, frame: dict[str, Any]) -> None:
        await self.hub.accept(self._require_session(), to_of(frame))

    async def decline(self, frame: dict[str, Any]) -> None:
        await self.hub.decline(self._require_session(), to_of(frame))

    async def offer(self, frame: dict[str, Any]) -> None:
        await self._relay(frame, "voice.offer", "sdp", frame.get("sdp"))

    async def answer(self, frame: dict[str, Any]) -> None:
        await self._relay(frame, "voice.answer", "sdp", frame.get("sdp"))

    async def candidate(self, frame: dict[str, Any]) -> None:
        await self._relay(frame, "voice.candidate", "candidate", frame.get("candidate"))

    async def state(self, frame: dict[str, Any]) -> None:
        muted = frame.get("muted")
        if not isinstance(muted, bool):
            raise Refused("bad-frame")
        await self.hub.send_state(self._require_session(), muted=muted)

    async def ping(self, frame: dict[str, Any]) -> None:
        self._require_session()
        self.write(frames.pong())

    # ---- Steps -------------------------------------------------------------------------------

    async def _relay(self, frame: dict[str, Any], kind: str, field: str, raw: object) -> None:
        if not isinstance(raw, str):
            raise Refused("bad-frame")
        await self.hub.relay_signal(self._require_session(), to_of(frame), kind, field, raw)

    def _require_session(self) -> SignalingConnection:
        """Raises Refused: `store-unavailable`, until the session is known."""
        if self.signaling is None:
            raise Refused("store-unavailable", retry_after=2)
        return self.signaling

    actions: ClassVar[dict[str, Action]] = {
        "voice.join": join,
        "voice.door": door,
        "voice.leave": leave,
        "voice.peers": peers,
        "voice.knock": knock,
        "voice.accept": accept,
        "voice.decline": decline,
        "voice.offer": offer,
        "voice.answer": answer,
        "voice.candidate": candidate,
        "voice.state": state,
        "ping": ping,
    }


def door_of(named: object) -> DoorState:
    """Raises Refused: `bad-frame`."""
    if not isinstance(named, str) or named not in {*map(str, DoorState)}:
        raise Refused("bad-frame")
    return DoorState(named)


def turned(is_open: object, locked: object) -> DoorState:
    """The door that a frame asks for. Raises Refused: `bad-frame`."""
    if not isinstance(is_open, bool) or not isinstance(locked, bool) or (is_open and locked):
        raise Refused("bad-frame")
    if locked:
        return DoorState.LOCKED
    return DoorState.OPEN if is_open else DoorState.ASK


def to_of(frame: dict[str, Any]) -> str:
    """Whom a frame is for. Raises Refused: `bad-frame`."""
    to = frame.get("to")
    if not isinstance(to, str) or not PERSON_ID.fullmatch(to):
        raise Refused("bad-frame")
    return to
