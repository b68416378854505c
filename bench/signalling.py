"""What it costs the server that somebody joins voice and is connected with everyone around; nobody
needs a browser for that: they say what the page would."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any, ClassVar, cast
from unittest.mock import patch

import redis
from websockets.exceptions import ConnectionClosed

from bench import crowd
from bench.busy import Busy
from bench.measurements import Measurement
from bench.stacks import NEARTALK, STACKS, running
from presence.geo import centre
from tests.support.client import HERE
from tests.voice.speakers import Speaker, speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.case_size import CaseSize
    from bench.stacks import Running
    from tests.support.client import Frame, Spot
    from tests.support.servers import Server

CANDIDATES = 4
CONNECTIONS = 8
STATE_DELAY_S = 0.3  # as static/js/voice/calls/room.js
# Lists of those who only see others connect come up to 1 s later.
SETTLE_S = 3.0
# The longest of the server's rounds: each counts as often with a join as without.
WINDOW_S = 10.0
PATIENCE_S = 60.0
FINGERPRINT = ":".join(["7B"] * 32)
# As long as what Chromium describes one voice by, without its candidates.
DESCRIPTION = f"""v=0
o=- 1258445510931794690 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:vEQr
a=ice-pwd:0123456789abcdefghijklmn
a=ice-options:trickle
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- 00000000-0000-4000-8000-000000000000
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1690556139 cname:0123456789abcdef
"""
CANDIDATE = (
    "candidate:1382805234 1 udp 41885439 127.0.0.1 {port} typ relay raddr 0.0.0.0 rport 0"
    " generation 0 ufrag vEQr network-id 3 network-cost 50"
)


class ScriptedCaller:
    """Someone who does as the page does: lets everyone in, knocks at everyone if they wish to,
    offers, answers, and says whether they are muted. What goes over their socket is counted.
    """

    def __init__(self, one: Speaker) -> None:
        self.one = one
        self.knocks = False
        self.asked: set[str] = set()
        self.calls: set[str] = set()
        self.agreed: set[str] = set()
        self.more = asyncio.Event()
        self.sent: list[int] = []
        self.got: list[int] = []
        self.states: dict[str, str] = {}
        self.ends = 0
        self.sending_state: asyncio.Task[None] | None = None

    async def join(self, *, knocks: bool = False, **door: str) -> None:
        self.knocks = knocks
        instance = secrets.token_hex(16)
        await self.send("voice.join", policy="direct", instance=instance, **door)

    async def send(self, kind: str, **fields: Any) -> None:
        text = json.dumps({"type": kind, **fields}, separators=(",", ":"))
        self.sent.append(len(text))
        await self.one.send_raw(text)

    async def live(self, count: int) -> None:
        """Returns once descriptions were exchanged with so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.agreed) < count:
                self.more.clear()
                await self.more.wait()

    async def follow(self) -> None:
        """Until the socket closes."""
        # Who goes last is still connected with others while they go, and answers them.
        with suppress(ConnectionClosed):
            async for raw in self.one.socket:
                self.got.append(len(raw))
                await self._apply(json.loads(raw))
        if self.sending_state:
            self.sending_state.cancel()

    async def _apply(self, frame: Frame) -> None:
        match frame["type"]:
            case "voice.peers":
                self.states = {peer["person_id"]: peer["state"] for peer in frame["peers"]}
                for peer in frame["peers"]:
                    await self._meet(peer)
                self._forget({peer["person_id"] for peer in frame["peers"]})
            case "voice.offer":
                await self._describe("voice.answer", frame["from"])
                self._agree(frame["from"])
            case "voice.answer":
                self._agree(frame["from"])
            case "voice.end":
                self.ends += 1

    async def _meet(self, peer: Frame) -> None:
        person_id, state = peer["person_id"], peer["state"]
        if state == "near" and self.knocks and person_id not in self.asked:
            self.asked.add(person_id)
            await self.send("voice.knock", to=person_id)
        elif state == "knocks" and person_id not in self.asked:
            self.asked.add(person_id)
            await self.send("voice.accept", to=person_id)
        elif state == "live" and person_id not in self.calls:
            self.calls.add(person_id)
            if not peer["polite"]:
                await self._describe("voice.offer", person_id)
            self._schedule_state()

    async def _describe(self, kind: str, to: str) -> None:
        await self.send(kind, to=to, sdp=DESCRIPTION.replace("\n", "\r\n"))
        for turn in range(CANDIDATES):
            candidate = CANDIDATE.format(port=50_000 + turn)
            await self.send("voice.candidate", to=to, candidate=candidate)

    def _agree(self, person_id: str) -> None:
        self.agreed.add(person_id)
        self.more.set()

    def _forget(self, there: set[str]) -> None:
        """Who left is met as a stranger when they come again."""
        for known in (self.asked, self.calls, self.agreed):
            known.intersection_update(there)

    def _schedule_state(self) -> None:
        if self.sending_state:
            self.sending_state.cancel()
        self.sending_state = asyncio.create_task(self._send_state())

    async def _send_state(self) -> None:
        await asyncio.sleep(STATE_DELAY_S)
        await self.send("voice.state", muted=False)


# ---- The case --------------------------------------------------------------------------------


async def join(stack: str, size: CaseSize) -> list[Measurement]:
    """One more comes to a few who all speak with each other, without callers elsewhere and with."""
    return [await joined(stack, far, size) for far in size.elsewhere]


async def joined(stack: str, far: int, size: CaseSize) -> Measurement:
    with running(STACKS[stack]) as servers, CpuMeter(servers) as meter:
        async with callers(servers, elsewhere(far)) as strangers:
            for one in strangers:
                await one.join()
            async with callers(servers, [HERE] * size.around) as around:
                for turn, one in enumerate(around):
                    await one.join(knocks=True)
                    await one.live(turn)
                return await joins(stack, servers, meter, around, strangers, size.joins)


async def crowd_of_doors(stack: str, size: CaseSize) -> list[Measurement]:
    """So many people come to one place within a minute, each with an open door, and as many
    connections for each as people have."""
    with (
        patch.dict(NEARTALK, VOICE_CONNECTIONS=str(CONNECTIONS)),
        running(STACKS[stack]) as servers,
        CpuMeter(servers) as meter,
    ):
        async with callers(servers, [HERE] * size.doors) as people:
            busy, before = Busy.now(), await at_rest(meter)
            start = meter.read()
            for turn, one in enumerate(people, 1):
                await one.join(door="open")
                due_s = start.at_s + turn * size.doors_s / len(people)
                await asyncio.sleep(due_s - time.monotonic())
            await asyncio.sleep(SETTLE_S)
            spent = meter.read().since(start)
            seen = frames_of(people)
            after = await at_rest(meter)
            # What rounds cost grows with the crowd, from the one to the other.
            joins = spent.beyond(before).plus(spent.beyond(after)).each(2 * len(people))
            figures = {
                **joins.figures(),
                **seen,
                **after.each(after.at_s).rounds(),
                "others": busy.until_now()["others"],
            }
    return [Measurement("voice-doors", stack, len(people), 0, figures)]


async def at_rest(meter: CpuMeter) -> Reads:
    """What goes on while nobody joins."""
    await asyncio.sleep(SETTLE_S)
    start = meter.read()
    await asyncio.sleep(WINDOW_S)
    return meter.read().since(start)


def frames_of(people: Sequence[ScriptedCaller]) -> dict[str, float]:
    """Frames and bytes for each who came, and how they stand in the end: with how many they speak,
    how many speak with nobody, and how often a call ended meanwhile."""
    sent = [size for one in people for size in one.sent]
    got = [size for one in people for size in one.got]
    live = [sum(state == "live" for state in one.states.values()) for one in people]
    return {
        "sent": len(sent) / len(people),
        "sent_kb": sum(sent) / len(people) / 1000,
        "got": len(got) / len(people),
        "got_kb": sum(got) / len(people) / 1000,
        "live": mean(live),
        "most": max(live),
        "alone": live.count(0),
        "ends": sum(one.ends for one in people),
    }


async def joins(
    stack: str,
    servers: Running,
    meter: CpuMeter,
    around: Sequence[ScriptedCaller],
    strangers: Sequence[ScriptedCaller],
    count: int,
) -> Measurement:
    busy = Busy.now()
    rest = await at_rest(meter)
    found = []
    for turn in range(count):
        # At one process, and then at the other.
        async with callers(servers, [HERE], turn) as [me]:
            start = meter.read()
            for one in (*around, *strangers):
                one.sent, one.got = [], []
            await me.join(knocks=True)
            await me.live(len(around))
            live_ms = (time.monotonic() - start.at_s) * 1000
            await asyncio.sleep(start.at_s + WINDOW_S - time.monotonic())
            spent = meter.read().since(start).beyond(rest)
            found.append({"live_ms": live_ms, **traffic(me, around, strangers), **spent.figures()})
            await me.send("voice.leave")
            await asyncio.sleep(SETTLE_S)
    # The clocks tell of other rounds too, which are now in one join and now in another.
    figures = {
        name: (mean if name in Reads.SUMS else median)(one[name] for one in found)
        for name in found[0]
    }
    figures["around"] = len(around)
    figures["others"] = busy.until_now()["others"]
    return Measurement("voice-join", stack, len(around) + len(strangers), 0, figures)


def traffic(
    me: ScriptedCaller, around: Sequence[ScriptedCaller], strangers: Sequence[ScriptedCaller]
) -> dict[str, float]:
    """Frames and bytes of text of the one who joins, of all who have to do with it, and frames to
    those who have not."""
    everyone = [frame for one in (me, *around) for frame in (*one.sent, *one.got)]
    return {
        "sent": len(me.sent),
        "sent_kb": sum(me.sent) / 1000,
        "got": len(me.got),
        "got_kb": sum(me.got) / 1000,
        "all": len(everyone),
        "all_kb": sum(everyone) / 1000,
        "far": sum(len(one.got) for one in strangers),
    }


def elsewhere(count: int) -> list[Spot]:
    """Rooms of ten in districts of their own."""
    return [centre(place.cell) for place in crowd.rooms(-(-count // 10), 10)][:count]


@asynccontextmanager
async def callers(
    servers: Running, spots: Sequence[Spot], first: int = 0
) -> AsyncIterator[list[ScriptedCaller]]:
    """Someone at each spot, who has not joined; in turn at each of the processes."""
    async with AsyncExitStack() as stack:
        found = []
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for turn, spot in enumerate(spots, first):
            server = cast("Server", servers.servers[turn % len(servers.servers)])
            found.append(
                ScriptedCaller(await stack.enter_async_context(speaker(server, spot, "Caller")))
            )
            tasks.create_task(found[-1].follow())
        yield found


# ---- Meters ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reads:
    """Where the clocks of the servers and of Redis stand, and how many commands it was given; or
    the difference between two of those."""

    SUMS: ClassVar = {"server_ms", "redis_ms", "commands"}

    at_s: float
    server_ms: float
    redis_ms: float
    commands: float

    def since(self, before: Reads) -> Reads:
        return Reads(
            *(one - other for one, other in zip(astuple(self), astuple(before), strict=True))
        )

    def beyond(self, rest: Reads) -> Reads:
        """Without what goes on in that time when nothing happens."""
        share = self.at_s / rest.at_s
        return self.since(Reads(*(share * one for one in astuple(rest))))

    def plus(self, other: Reads) -> Reads:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Reads(*(one + more for one, more in pairs))

    def each(self, count: float) -> Reads:
        return Reads(*(one / count for one in astuple(self)))

    def figures(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in sorted(self.SUMS)}

    def rounds(self) -> dict[str, float]:
        """The same, of a second in which nobody joins."""
        return {f"rest_{name}": value for name, value in self.figures().items()}


class CpuMeter(ExitStack):
    def __init__(self, servers: Running) -> None:
        super().__init__()
        self.servers = [server.pid for server in servers.servers]
        self.redis = servers.redis
        self.client = self.enter_context(redis.Redis(port=self.redis.port)) if self.redis else None

    def read(self) -> Reads:
        return Reads(
            time.monotonic(),
            sum(map(cpu_ms, self.servers)),
            cpu_ms(self.redis.pid) if self.redis else 0.0,
            self.client.info("stats")["total_commands_processed"] if self.client else 0,
        )


def cpu_ms(pid: int) -> float:
    """CPU of all threads of a process, finer than the 10 ms of its own clock (Linux)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6
