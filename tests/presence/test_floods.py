"""A socket that sends more than it may is refused, made to wait and in the end closed, with words;
meanwhile everybody else has their turn."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from bench.attacks import frame
from chat.consumers import ChatConsumer
from chat.history import MemoryHistory
from neartalk.codes import CODES
from neartalk.limits import RULES, Meter
from neartalk.server.protocol import FRAGMENTS_MAX
from presence import incoming
from presence.consumers import PRIVATE, SocketConsumer
from presence.incoming import FRAME_UNIT
from presence.registry import MemoryRegistry
from tests.support.client import elsewhere, listening, person, running
from tests.support.clocks import ManualClock
from tests.support.processes import Process
from tests.support.waiting import deadline
from voice.consumers import SignalConsumer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

PING = '{"type": "ping"}'
LIMIT, FLOOD = RULES["socket.frame"], RULES["socket.flood"]
# Whoever has no address comes from this machine, whose work is not counted: a slow one would refuse
# them, or have them wait, for that.
CAFE = "203.0.113.9"


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param, TRUSTED_PROXIES="1") as running_server:
        yield running_server


async def test_a_flood_is_refused_then_closed_with_words_and_a_neighbour_talks_on(
    server: Server,
) -> None:
    spot = elsewhere()
    async with (
        person(server, *spot, 500, "bob", address=CAFE) as bob,
        person(server, *spot, 500, "carol", address=CAFE) as carol,
    ):
        headers = {**bob.bearer, "X-Forwarded-For": CAFE}
        async with listening(server, headers) as flooding:
            await flooding.expect("mark")
            flood = asyncio.create_task(send_many(flooding.socket))
            try:
                refused = await flooding.expect("error", code="too-fast")
                assert refused["retry_after"] >= 1
                await bob.send_text("Does anybody hear me?")
                await carol.expect("chat.message", text="Does anybody hear me?")
                ended = await flooding.expect("error", code="flooding")
                assert ended["message"].startswith(CODES["flooding"].title)
                assert ended["retry_after"] >= 1
                private = 0 if server.kind == "uvicorn" else PRIVATE
                assert await flooding.closed() == CODES["flooding"].close + private
            finally:
                flood.cancel()
                with suppress(asyncio.CancelledError):
                    await flood
        counts = Counter(one.get("code", one["type"]) for one in flooding.seen)
        assert counts["flooding"] == 1
        assert counts["too-fast"] <= 2 * FLOOD.burst + LIMIT.burst


async def send_many(socket: Any) -> None:
    with suppress(ConnectionClosed):
        # Some of it comes back while a network of a slow machine waits for its turn.
        for _ in range(20 * (LIMIT.burst + 2 * FLOOD.burst)):
            await socket.send(PING)
            # The client of the tests would not read meanwhile.
            await asyncio.sleep(0)


async def test_a_frame_counts_for_its_size(server: Server) -> None:
    async with person(server, *elsewhere(), 500, "alice") as alice:
        large = json.dumps({"type": "ping", "x": "y" * 3 * FRAME_UNIT})
        # Each counts four, or what comes back while a slow server parses them would be enough.
        for _ in range(LIMIT.burst):
            await alice.send_raw(large)
        await alice.expect("error", code="too-fast")


async def test_lists_of_people_have_an_allowance_of_their_own(server: Server) -> None:
    async with person(server, *elsewhere(), 500, "alice") as alice:
        await alice.expect("people")
        burst = RULES["socket.people"].burst
        for _ in range(burst + 1):
            await alice.send("people")
        refused = await alice.expect("error")
        assert refused["code"] == "too-fast"
        assert 1 <= refused["retry_after"] <= 5
        # Everybody is told a mark now and then.
        shown = [one["type"] for one in alice.aside if one["type"] != "mark"]
        assert shown == ["people"] * burst
        await alice.send_text("Still here")


async def test_who_talks_as_people_do_is_never_refused(server: Server) -> None:
    """As the page does it at its busiest: a dozen messages sent again after a loss, and pings."""
    async with person(server, *elsewhere(), 500, "alice") as alice:
        await alice.send_text("Hello", "ref-of-alice")
        for _ in range(12):
            await alice.send("chat.send", text="Hello", ref="ref-of-alice")
            await alice.send("ping")
        for _ in range(12):
            await alice.expect("chat.ack", ref="ref-of-alice")
            await alice.expect("pong")
        assert not [one for one in alice.seen if one["type"] == "error"]


# ---- On the wire ---------------------------------------------------------------------------------


async def test_frames_that_come_together_are_all_handled_in_their_order(server: Server) -> None:
    async with person(server, *elsewhere(), 500, "alice") as alice:
        refs = [f"no ref {turn}" for turn in range(LIMIT.burst - 10)]
        wires = [frame_of(json.dumps({"type": "chat.remove", "id": ref})) for ref in refs]
        large = frame_of(json.dumps({"type": "ping", "x": "y" * 10_000}))
        alice.socket.transport.write(b"".join([*wires, large]))
        for _ in refs:
            await alice.expect("error", code="not-found")
        await alice.expect("pong")
        assert [one["type"] for one in alice.seen][-1] == "pong"


async def test_what_was_said_before_a_close_is_said(server: Server) -> None:
    spot = elsewhere()
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *spot, 500, "bob") as bob,
    ):
        said = {"type": "chat.send", "text": "Bye", "ref": "ref-of-goodbye"}
        pings = [frame_of(PING)] * 10
        close = frame_of(b"\x03\xe8", 0x88)
        alice.socket.transport.write(b"".join([*pings, frame_of(json.dumps(said)), close]))
        await bob.expect("chat.message", text="Bye")


@pytest.mark.parametrize("server", ["uvicorn"], indirect=True)
async def test_a_frame_in_more_pieces_than_anybody_needs_ends_the_socket(server: Server) -> None:
    async with person(server, *elsewhere(), 500, "alice", address="203.0.113.15") as alice:
        pieces = [frame_of("{", 0x01), *[frame_of("", 0x00)] * (FRAGMENTS_MAX + 10)]
        alice.socket.transport.write(b"".join(pieces))
        assert await alice.closed() == 1009


@pytest.mark.parametrize("server", ["uvicorn"], indirect=True)
async def test_pings_of_the_protocol_are_answered_bit_by_bit(server: Server) -> None:
    """A flood of them in one piece holds nobody up: a neighbour talks before its end."""
    spot = elsewhere()
    async with (
        person(server, *spot, 500, "mallory", address="203.0.113.16") as mallory,
        person(server, *spot, 500, "bob", address="203.0.113.17") as bob,
    ):
        mallory.socket.transport.write(frame_of("", 0x89) * 20_000 + frame_of(PING))
        await bob.send_text("Hello")
        await mallory.expect("chat.message", text="Hello")
        assert not [one for one in mallory.seen if one["type"] == "pong"]


def frame_of(payload: str | bytes, first: int = 0x81) -> bytes:
    return frame(payload.encode() if isinstance(payload, str) else payload, first)


# ---- Any frame, at a consumer --------------------------------------------------------------------


class FloodedClient:
    """What a server hands to a consumer from a queue that is never empty."""

    def __init__(self, consumer: SocketConsumer, frames: list[dict[str, Any]]) -> None:
        self.consumer = consumer
        self.waiting = [{"type": "websocket.connect"}, *frames, {"type": "websocket.disconnect"}]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self.waiting.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def run(self, state: dict[str, Any]) -> None:
        scope = {"subprotocols": ["neartalk.json"], "headers": [], "state": state}
        await self.consumer({**scope, "query_string": b""}, self.receive, self.send)


@pytest.mark.parametrize("consumer", [ChatConsumer, SignalConsumer])
@pytest.mark.parametrize(
    "frame",
    [
        *({"text": text} for text in (PING, "{", "[]", "\ud800", " " * 70_000, "[" * 9_000)),
        {"bytes": b"\x00" * 10},
        {"text": None, "bytes": b""},
    ],
)
async def test_every_frame_is_counted_whatever_is_in_it_and_others_have_turns_between(
    consumer: type[SocketConsumer], frame: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a clock that stands: no frame comes back meanwhile.
    monkeypatch.setattr(incoming, "Meter", partial(Meter, clock=ManualClock()))
    process = Process(MemoryRegistry(), MemoryHistory())
    state = {**process.state, "voice": SimpleNamespace(hub=process.hub)}
    count = RULES[consumer.frame_rule].burst + 3 * FLOOD.burst
    client = FloodedClient(consumer(), [{"type": "websocket.receive", **frame}] * count)
    others = 0

    async def beside() -> None:
        nonlocal others
        async with deadline("the consumer has handled all frames"):
            while client.waiting:
                others += 1
                await asyncio.sleep(0)

    await asyncio.gather(client.run(state), beside())
    refusals = process.platform.instruments.refusals
    assert refusals["flooding", "socket.flood"] == 1
    assert refusals["too-fast", consumer.frame_rule] == FLOOD.burst
    assert others >= count
    assert client.consumer.flooded
