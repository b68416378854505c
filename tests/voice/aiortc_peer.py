"""A voice client that is no browser: aiortc, and /signal as docs/clients.md describes it.

It comes in with an open door or accepts every knock, sends a tone and measures how loud the
received sound is.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from array import array
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp

from tests.support.client import Unexpected
from tests.support.waiting import deadline
from tests.voice.speakers import speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiortc import MediaStreamTrack
    from av import AudioFrame

    from tests.support.client import Frame, Spot
    from tests.support.servers import Server
    from tests.voice.speakers import Speaker

TONE_HZ = 440
FULL_SCALE = 1 << 15
CALLS = {"live", "away"}
PASSED = {"voice.offer", "voice.answer", "voice.candidate"}


class Tone(AudioStreamTrack):
    """Where aiortc's own track is silent."""

    async def recv(self) -> AudioFrame:
        frame = cast("AudioFrame", await super().recv())
        angle = math.tau * TONE_HZ / frame.sample_rate
        times = range(frame.pts or 0, (frame.pts or 0) + frame.samples)
        wave = array("h", (round(FULL_SCALE / 4 * math.sin(angle * time)) for time in times))
        frame.planes[0].update(wave.tobytes())
        return frame


class Call:
    """One connection. aiortc cannot start ICE anew, so where the other side does, this begins with
    another RTCPeerConnection; that side alone ever does, hence an offer of ours is only the first.
    """

    def __init__(
        self,
        configuration: RTCConfiguration,
        send: Callable[..., Awaitable[None]],
        listen: Callable[[MediaStreamTrack], None],
        *,
        polite: bool,
    ) -> None:
        self.configuration, self.send, self.listen = configuration, send, listen
        self.polite = polite
        self.ufrag = ""
        self.pc = self._new()

    def _new(self) -> RTCPeerConnection:
        pc = RTCPeerConnection(self.configuration)
        pc.addTrack(Tone())
        pc.on("track", self.listen)
        return pc

    async def begin(self) -> None:
        """Whoever is not polite sends the first offer."""
        if not self.polite:
            await self._send_local()

    async def receive(self, frame: Frame) -> None:
        kind = frame["type"].removeprefix("voice.")
        waiting = self.pc.signalingState == "have-local-offer"
        if kind == "candidate":
            candidate = candidate_from_sdp(frame["candidate"].removeprefix("candidate:"))
            candidate.sdpMLineIndex = 0
            await self.pc.addIceCandidate(candidate)
        elif kind == "answer" and waiting:
            await self._set_remote(frame["sdp"], kind)
        elif kind == "offer" and not waiting:
            await self._answer(frame["sdp"])

    async def close(self) -> None:
        await self.pc.close()

    async def _answer(self, sdp: str) -> None:
        if self.ufrag not in ("", ufrag_of(sdp)):
            await self.pc.close()
            self.pc = self._new()
        await self._set_remote(sdp, "offer")
        await self._send_local()

    async def _set_remote(self, sdp: str, kind: str) -> None:
        self.ufrag = ufrag_of(sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, kind))

    async def _send_local(self) -> None:
        await self.pc.setLocalDescription()
        description = self.pc.localDescription
        await self.send(f"voice.{description.type}", sdp=description.sdp)


class AiortcPeer:
    """A client with a connection for each peer and each instance of their client. Frames that come
    before the peer list that they belong to wait for it."""

    def __init__(self, speaker: Speaker, ice_servers: list[RTCIceServer], door: str) -> None:
        self.speaker, self.ice_servers, self.door = speaker, ice_servers, door
        self.person_id, self.name = speaker.person_id, speaker.name
        self.calls: dict[tuple[str, str], Call] = {}
        self.early: list[Frame] = []
        self.levels: asyncio.Queue[float] = asyncio.Queue()
        self.listening: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        joins = {"policy": "relay", "instance": self.speaker.instance, "door": self.door}
        await self.speaker.send("voice.join", **joins)
        async for raw in self.speaker.socket:
            frame = json.loads(raw)
            if frame["type"] == "voice.peers":
                await self._update(frame["peers"])
            elif frame["type"] in PASSED:
                await self._receive(frame)
            elif frame["type"] == "error":
                raise Unexpected(frame)

    async def expect_sound(self, above_db: float) -> None:
        """Returns once a frame of sound that arrives from now on is louder."""
        self.levels = asyncio.Queue()
        async with deadline(f"sound above {above_db} dB"):
            while await self.levels.get() <= above_db:
                pass

    async def close(self) -> None:
        for call in self.calls.values():
            await call.close()

    async def _update(self, peers: list[dict[str, Any]]) -> None:
        live = {(one["person_id"], one["instance"]): one for one in peers if one["state"] in CALLS}
        for key in self.calls.keys() - live.keys():
            await self.calls.pop(key).close()
        for key in live.keys() - self.calls.keys():
            await self._begin(*key, polite=live[key]["polite"], direct=live[key]["direct"])
        for one in peers:
            if one["state"] == "knocks":
                await self.speaker.send("voice.accept", to=one["person_id"])

    async def _begin(self, to: str, instance: str, *, polite: bool, direct: bool) -> None:
        async def send(kind: str, **fields: str) -> None:
            await self.speaker.send(kind, to=to, **fields)

        policy = RTCIceTransportPolicy("all" if direct else "relay")
        configuration = RTCConfiguration(self.ice_servers, policy)
        call = Call(configuration, send, self._listen, polite=polite)
        self.calls[to, instance] = call
        await call.begin()
        waiting, self.early = self.early, []
        for frame in waiting:
            await self._receive(frame)

    async def _receive(self, frame: Frame) -> None:
        if call := self.calls.get((frame["from"], frame["instance"])):
            await call.receive(frame)
        else:
            self.early.append(frame)

    def _listen(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._measure(track))
        self.listening.add(task)
        task.add_done_callback(self.listening.discard)

    async def _measure(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):  # it ended
            while True:
                self.levels.put_nowait(decibels(cast("AudioFrame", await track.recv())))


@asynccontextmanager
async def aiortc_peer(
    server: Server, spot: Spot, name: str, suits: Callable[[str], bool], door: str = "ask"
) -> AsyncIterator[AiortcPeer]:
    """Somebody in voice, whose person_id `suits`: it says who of two is polite."""
    async with AsyncExitStack() as stack:
        one = await suitable_speaker(stack, server, spot, name, suits)
        answer = (await one.http.get("/api/voice/ice")).json()
        peer = AiortcPeer(one, [RTCIceServer(**each) for each in answer["ice_servers"]], door)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(peer.run())
            yield peer
            running.cancel()
        await peer.close()


async def suitable_speaker(
    stack: AsyncExitStack, server: Server, spot: Spot, name: str, suits: Callable[[str], bool]
) -> Speaker:
    """Stays in voice until the stack ends; whoever does not suit leaves again."""
    async with deadline("a person_id that suits"):
        while True:
            async with AsyncExitStack() as attempt:
                one = await attempt.enter_async_context(speaker(server, spot, name))
                if suits(one.person_id):
                    stack.push_async_exit(attempt.pop_all())
                    return one


def ufrag_of(sdp: str) -> str:
    found = re.search(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)
    assert found
    return found[1]


def decibels(frame: AudioFrame) -> float:
    """Decibels relative to full scale."""
    samples = array("h", bytes(frame.planes[0]))
    power = sum(sample * sample for sample in samples) / len(samples) / FULL_SCALE**2
    return 10 * math.log10(power + 1e-10)
