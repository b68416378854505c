"""The client in docs/clients.md runs as it stands there, and what it says of arriving holds."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.client import api, elsewhere, person, running
from tests.support.waiting import deadline, within
from tests.voice.aiortc_peer import aiortc_peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson
    from tests.support.servers import Server
    from tests.support.turn import Turn

PAGE = Path(__file__).resolve().parent.parent / "docs/clients.md"
LINES_MAX = (30, 21, 105)
# The tone is at -12 dB; silence is far below.
ABOVE_SILENCE_DB = -30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", RATE_LIMITS_OFF="") as server:
        yield server


def examples() -> list[str]:
    """What stands between the page's fences for Python: a client, one that pays, and a voice."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def example() -> str:
    return examples()[0]


@asynccontextmanager
async def run(path: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python program, ended when it was seen enough; its output is read line by line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(path), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await within(process.wait(), "the example ends")


@asynccontextmanager
async def before_it_came(*people: ConnectedPerson) -> AsyncIterator[None]:
    for one in people:
        await one.send_text("Nice evening.")
    yield


async def test_the_example_joins_places_itself_greets_listens_and_answers_slowly(
    server: Server, tmp_path: Path
) -> None:
    """To answer at once all who spoke before it came would be refused."""
    path = tmp_path / "echo.py"
    path.write_text(example())
    lat, lon = elsewhere()
    async with (
        person(server, lat, lon, 500, "alice") as alice,
        person(server, lat, lon, 500, "bob") as bob,
        before_it_came(alice, bob),
        run(path, server.url, str(lat), str(lon)) as echo,
    ):
        greeting = await alice.expect("chat.message", username="Echo")
        assert greeting["text"] == "Hello, is anybody here?"
        assert greeting["distance"] == "right around you"
        await alice.send_text("Yes, I am.")
        answer = await alice.expect("chat.message", username="Echo")
        assert answer["text"] == "Hello alice, I am a machine."
        assert echo.stdout is not None
        heard = ""
        async with deadline("the example prints what it hears"):
            while "Yes, I am." not in heard:
                heard += (await echo.stdout.readline()).decode()
        assert echo.returncode is None
        assert "'type': 'error'" not in heard


async def test_what_comes_on_arrival_comes_in_the_order_that_the_page_says(server: Server) -> None:
    lat, lon = elsewhere()
    async with person(server, lat, lon, 500, "alice") as alice:
        await alice.send_text("Hello")
        blocked = await alice.http.post("/api/block", json={"person_id": "0" * 16})
        assert blocked.status_code == 204
        async with alice.tab(since=1, epoch="of-another-life") as tab:
            await tab.expect("mark")
            kinds = [frame["type"] for frame in tab.seen]
    assert kinds == ["gap", "welcome", "blocked", "people", "chat.message", "mark"]


async def test_the_example_that_pays_gets_a_session_where_the_free_ones_are_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pay.py"
    # This machine's own calls are not counted: the example comes by a proxy.
    by = {"X-Forwarded-For": "198.51.100.9"}
    path.write_text(examples()[1].replace("(base_url=", f"(headers={by}, base_url="))
    # So scaled, a slow machine has no time for the work of four calls.
    env = {"RATE_LIMITS_OFF": "address.work", "RATE_LIMITS_SCALE": "0.1", "TRUSTED_PROXIES": "1"}
    with running("uvicorn", **env) as server:
        async with api(server, headers=by) as http:
            answers = [await http.post("/api/session/create") for _ in range(4)]
            assert [one.status_code for one in answers] == [201, 201, 201, 428]
        async with run(path, server.url) as pays:
            assert pays.stdout is not None
            said = await within(pays.stdout.read(), "the example pays")
    assert "'session_id': " in said.decode()


async def test_the_example_with_a_voice_hears_and_is_heard_at_an_open_door(
    turn: Callable[..., Turn], serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "voice.py"
    path.write_text(examples()[2])
    relay = turn(open_to_loopback=True)
    at = {"TURN_URLS": relay.url, "TURN_SECRET": relay.secret, "VOICE_NETWORKS": "127.0.0.1/32"}
    server, (lat, lon) = serve("uvicorn", at), elsewhere()
    async with (
        aiortc_peer(server, (lat, lon), "Ana", lambda own: True, "open") as ana,
        run(path, server.url, str(lat), str(lon)) as voice,
    ):
        assert voice.stdout is not None
        heard = await within(voice.stdout.readline(), "the example hears somebody")
        assert heard.decode().strip() == "I hear Ana"
        await ana.expect_sound(ABOVE_SILENCE_DB)


def test_the_examples_are_short() -> None:
    lengths = [len(one.splitlines()) for one in examples()]
    assert all(length <= most for length, most in zip(lengths, LINES_MAX, strict=True)), lengths
