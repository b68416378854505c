"""Frames of a socket come in: haste and size are judged first, then their action is called."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer

from neartalk.codes import Refused
from neartalk.limits import Lane, Meter, Rules, seconds
from presence.decoding import decode, ref_of, ref_within

Action = Callable[[Any, dict[str, Any]], Awaitable[None]]
# A frame counts as one for each so many characters begun.
FRAME_UNIT = 4_096
# A socket that was refused a frame is not read for so long at most.
PAUSE_MAX_S = 1.0


class FrameReader(AsyncConsumer):
    """The half of a consumer that takes in what a client sends. `lane` is that of its network."""

    actions: ClassVar[dict[str, Action]]
    frame_max: ClassVar[int]
    frame_rule: ClassVar[str] = "socket.frame"
    # Whether the server reads nothing on while a frame is handled.
    paces = False
    lane: Lane

    def meter(self, rules: Rules) -> None:
        """Frames are counted from now on."""
        self.frames = Meter(rules, self.frame_rule)
        self.refused_frames = Meter(rules, "socket.flood")
        self.flooded = False

    def refuse(self, refused: Refused) -> None:
        """Writes a refusal, and closes the socket if its code says so."""
        raise NotImplementedError

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Size and rate come first, then a turn among the others of the network, then parsing."""
        if self.flooded:
            return
        text = message.get("text") or ""
        if wait_ms := self.frames.spend(1 + len(text) // FRAME_UNIT):
            await self._refuse_frame(wait_ms, text)
        elif self.paces:
            await self.lane.turn()
            await self.lane.measured(self._act(message))
        elif wait_s := self.lane.wait_s():
            await self._refuse_frame(round(wait_s * 1000), text)
        else:
            await self.lane.measured(self._act(message))

    async def _act(self, message: dict[str, Any]) -> None:
        frame: dict[str, Any] = {}
        try:
            frame = decode(message, self.frame_max)
            action = self.actions.get(str(frame.get("type")))
            if action is None:
                raise Refused("unknown-type")
            await action(self, frame)
        except Refused as refused:
            # Its own ref names a frame better than whom it is for.
            refused.ref = ref_of(frame) or refused.ref
            self.refuse(refused)

    async def _refuse_frame(self, wait_ms: int, text: str) -> None:
        """Refuses a frame for its haste; after many of them the socket. Where the server stops
        reading while a frame is handled, the next one waits until it would be allowed."""
        if again_ms := self.refused_frames.spend():
            self.flooded = True
            why = Refused("flooding", retry_after=seconds(again_ms), rule="socket.flood")
        else:
            why = Refused("too-fast", retry_after=seconds(wait_ms), rule=self.frame_rule)
        why.ref = ref_within(text)
        self.refuse(why)
        if self.paces and not self.flooded:
            await asyncio.sleep(min(wait_ms / 1000, PAUSE_MAX_S))
