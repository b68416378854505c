"""`/signal`: checks the shape of a frame and calls the switchboard."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar

from neartalk.clock import now_ms
from neartalk.codes import Refused
from neartalk.limits import seconds, spend
from presence.consumers import Action, SocketConsumer
from presence.people import Session
from voice.ice import has_relay
from voice.parts import Voice
from voice.signaling import Line, frames

PERSON_ID = re.compile(r"[0-9a-f]{16}")
INSTANCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
POLICIES = {"relay", "direct"}


class SignalConsumer(SocketConsumer):
    """What it hears comes from the switchboard."""

    kind = "signal"
    frame_max = 65_536
    line: Line | None = None
    frame_tat_ms = 0

    def enter(self, scope: Mapping[str, Any]) -> None:
        super().enter(scope)
        voice: Voice = scope["state"]["voice"]
        self.switchboard = voice.switchboard

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.switchboard.later(work)

    async def arrive(self, session: Session) -> None:
        self.line = Line(session, self.connection)

    def gone(self) -> None:
        if self.line:
            self.switchboard.exit(self.line)

    def count(self) -> None:
        limit = self.platform.rules["voice.frame"]
        self.frame_tat_ms, wait_ms = spend(
            self.frame_tat_ms, now_ms(), limit.interval_ms, limit.tolerance_ms
        )
        if wait_ms:
            raise Refused("too-fast", retry_after=seconds(wait_ms), rule="voice.frame")

    # ---- What a frame may ask for ------------------------------------------------------------

    async def join(self, frame: dict[str, Any]) -> None:
        line, policy, instance = self._line(), frame.get("policy"), frame.get("instance")
        if policy not in POLICIES or not isinstance(instance, str):
            raise Refused("bad-frame")
        if not INSTANCE.fullmatch(instance):
            raise Refused("bad-frame")
        self.platform.sanctions.refuse_muted(line.person_id, line.session.device)
        if policy == "relay" and not has_relay():
            raise Refused("no-relay")
        await self.switchboard.join(line, instance, direct=policy == "direct")

    async def leave(self, frame: dict[str, Any]) -> None:
        await self.switchboard.leave(self._line())

    async def look(self, frame: dict[str, Any]) -> None:
        await self.switchboard.look(self._line())

    async def knock(self, frame: dict[str, Any]) -> None:
        await self.switchboard.knock(self._line(), to_of(frame))

    async def accept(self, frame: dict[str, Any]) -> None:
        await self.switchboard.accept(self._line(), to_of(frame))

    async def decline(self, frame: dict[str, Any]) -> None:
        await self.switchboard.decline(self._line(), to_of(frame))

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
        await self.switchboard.say_state(self._line(), muted=muted)

    async def ping(self, frame: dict[str, Any]) -> None:
        self._line()
        self.write(frames.pong())

    # ---- Steps -------------------------------------------------------------------------------

    async def _relay(self, frame: dict[str, Any], kind: str, field: str, raw: object) -> None:
        if not isinstance(raw, str):
            raise Refused("bad-frame")
        await self.switchboard.relay(self._line(), to_of(frame), kind, field, raw)

    def _line(self) -> Line:
        """The line, once its session is known; what comes before is tried again.

        Raises Refused: `store-unavailable`.
        """
        if self.line is None:
            raise Refused("store-unavailable", retry_after=2)
        return self.line

    actions: ClassVar[dict[str, Action]] = {
        "voice.join": join,
        "voice.leave": leave,
        "voice.peers": look,
        "voice.knock": knock,
        "voice.accept": accept,
        "voice.decline": decline,
        "voice.offer": offer,
        "voice.answer": answer,
        "voice.candidate": candidate,
        "voice.state": state,
        "ping": ping,
    }


def to_of(frame: dict[str, Any]) -> str:
    """Whom a frame is for. Raises Refused: `bad-frame`."""
    to = frame.get("to")
    if not isinstance(to, str) or not PERSON_ID.fullmatch(to):
        raise Refused("bad-frame")
    return to
