"""What servers print: nothing of what people say, who they are or where they stand."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from presence.geo import cell_at, tile_of
from tests.support.client import api, bearer_of, elsewhere, listening, north, person
from tests.support.servers import Server
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson, Spot
    from tests.support.servers import Valkey

TEXT, NAME = "Whisper of the owl", "Nameless Wanderer"


class Runserver(Server):
    """`manage.py runserver`, which is Daphne."""

    def command(self) -> list[str]:
        place = f"127.0.0.1:{self.port}"
        return [sys.executable, "manage.py", "runserver", "--noreload", "--nothreading", place]


@pytest.fixture
def runserver() -> Iterator[Runserver]:
    server = Runserver("daphne", {})
    try:
        yield server.start()
    finally:
        server.close()


def printed_of(secrets: list[str], printed: str) -> list[str]:
    """Which of the secrets were printed."""
    return [secret for secret in secrets if secret.lower() in printed.lower()]


async def converse(server: Server) -> list[str]:
    """A small conversation with everything in it that can go wrong; what must not be printed."""
    spot = elsewhere()
    async with (
        person(server, *spot, 500, NAME) as alice,
        person(server, *north(spot, 2), 500, "Bob of the hill", html=True) as bob,
    ):
        said = await alice.send_text(TEXT)
        await bob.expect("chat.message", text=TEXT)
        await alice.rename(f"{NAME} 2")
        await alice.send("chat.remove", id=said)
        await bob.expect("chat.gone")
        await alice.move(*north(spot, 3), 700)
        await err(server, alice, spot)
        async with alice.tab(since=alice.mark, epoch=alice.welcome["epoch"]) as back:
            await back.expect("mark")
        async with alice.tab(since="nonsense", epoch=TEXT):
            pass
        bob.socket.transport.abort()
        await alice.leave()
        cells = [cell_at(*north(spot, cells)) for cells in range(4)]
        degrees = [f"{value:.4f}"[:-1] for value in spot]
        people = [secret for one in (alice, bob) for secret in (one.key, one.person_id, one.name)]
        marks = [str(alice.mark), alice.welcome["epoch"], said]
        return [TEXT, NAME, *cells, *map(tile_of, cells), *degrees, *people, *marks]


async def err(server: Server, alice: ConnectedPerson, spot: Spot) -> None:
    """One of each refusal, over HTTP and over sockets."""
    where = {"lat": spot[0], "lon": spot[1]}
    for body in ({**where, "radius": "500m"}, {**where, "radius": 99}, {"lat": "x" * 17_000}):
        assert (await alice.http.post("/api/location/update", json=body)).status_code in {413, 422}
    crooked = await alice.http.post("/api/location/update", content=f"{spot} {TEXT}")
    assert crooked.status_code == 400
    assert (await alice.http.get("/api/location/update", params=where)).status_code == 405
    assert (await alice.http.get("/api/messages", params={"before": TEXT})).status_code == 400
    assert (await alice.http.get("/nowhere", params={"text": TEXT})).status_code == 404
    async with api(server, cookies={"neartalk": alice.key}) as forger:
        answer = await forger.post("/api/location/update", json=where)
        assert answer.status_code == 403
    for frame in (TEXT, TEXT.encode(), f'{{"type": "chat.send", "text": "{TEXT}"}}', TEXT * 1_000):
        await alice.send_raw(frame)
        await alice.expect("error")
    for frame in (f"{TEXT}\xff".encode("latin-1"), (TEXT * 200_000).encode()):
        with suppress(ConnectionClosed):
            async with alice.tab() as bad:
                await bad.expect("mark")
                await bad.socket.send(frame, text=True)
                await bad.closed()
    for headers in (
        bearer_of("A" * 43),
        {"Cookie": f"neartalk={alice.key}", "Origin": "http://evil.example"},
        {"Cookie": f"neartalk={alice.key}; =;;", "Origin": "http://["},
        {"Cookie": f"neartalk={alice.key}"},
    ):
        with suppress(InvalidStatus):  # Daphne's answer to an Origin it cannot read
            async with listening(server, headers) as stranger:
                await stranger.closed()


def addresses(printed: str, ours: set[int]) -> list[str]:
    """Addresses other than those our own servers listen on."""
    found = re.findall(r"127\.0\.0\.1(?::\d+)?", printed)
    return [one for one in found if one not in {f"127.0.0.1:{port}" for port in ours}]


async def test_uvicorn_prints_nothing_at_all_while_all_is_well(serve: Serve) -> None:
    server = serve("uvicorn", migrate=True)
    async with person(server, *elsewhere(), 500, NAME) as alice:
        await alice.send_text(TEXT)
        await alice.rename("alice")
        assert (await alice.http.get("/api/health")).status_code == 200
        await alice.leave()
        await alice.closed()
    assert server.output() == ""


# What strangers send that is no request: a handshake of TLS, nonsense, upgrades that are none.
NO_REQUESTS = [
    b"\x16\x03\x01\x02\x00\x01",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /ws?\xff HTTP/1.1\r\nHost: \xff\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
]


async def test_what_is_no_request_fills_no_log(serve: Serve) -> None:
    server = serve("uvicorn", migrate=True)
    for said in NO_REQUESTS:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(said)
        async with deadline(f"an answer to {said!r}, or the end"):
            await reader.read(1)
        writer.close()
    async with api(server) as http:
        assert (await http.get("/api/health/live")).status_code == 200
    assert server.output() == ""


@pytest.mark.parametrize("debug", ["0", "1"])
async def test_uvicorn_prints_no_secret(serve: Serve, debug: str) -> None:
    env = {"DEBUG": debug, "HTTPS": "0", "ALLOWED_HOSTS": "127.0.0.1"}
    server = serve("uvicorn", env)
    secrets = await converse(server)
    server.terminate()
    printed = server.output()
    assert "Forbidden" in printed, "the output is really read"
    assert printed_of(secrets, printed) == []
    assert addresses(printed, {server.port}) == []


async def test_daphne_prints_no_secret(runserver: Runserver) -> None:
    secrets = await converse(runserver)
    runserver.terminate()
    printed = runserver.output()
    assert "Forbidden" in printed, "the output is really read"
    assert printed_of(secrets, printed) == []
    assert addresses(printed, {runserver.port}) == []


async def test_a_lost_redis_brings_nothing_to_light(
    serve: Serve, own_redis: Callable[[], Valkey]
) -> None:
    redis, spot = own_redis(), elsewhere()
    moved = {"lat": spot[0], "lon": spot[1], "radius": 100}
    server = serve("uvicorn", {"REDIS_URL": redis.url})
    async with (
        person(server, *spot, 500, NAME) as alice,
        person(server, *spot, 500, "Bob of the hill") as bob,
    ):
        await alice.send_text(TEXT)
        await bob.expect("chat.message")
        redis.stop()
        await alice.send("chat.send", text=TEXT, ref="ref-to-no-redis")
        assert (await alice.expect("error"))["code"] == "store-unavailable"
        answer = await alice.http.post("/api/location/update", json=moved)
        assert answer.status_code == 503
        async with alice.tab() as later:
            assert await later.closed() == 1013
        async with deadline("the line about the pulse"):
            while not re.search("code=store-unavailable .*work=pulse", server.output()):
                await alice.http.get("/api/health")
        cell = cell_at(*spot)
        secrets = [TEXT, NAME, cell, tile_of(cell), f"{spot[0]:.3f}", f"{spot[1]:.3f}"]
        secrets += [alice.key, alice.person_id, bob.name, alice.welcome["epoch"]]
    server.terminate()
    printed = server.output()
    assert printed_of(secrets, printed) == []
    assert addresses(printed, {server.port, redis.port}) == []
