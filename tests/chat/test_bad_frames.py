"""What a socket sends that it should not: each gets its error or its close, nothing else moves."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest
from websockets.asyncio.client import connect

from neartalk.codes import CODES
from neartalk.http import own_origin
from tests.support.client import (
    JSON,
    Tab,
    api,
    bearer_of,
    listening,
    new_ref,
    north,
    opened_at,
    person,
    place,
    session,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_django.fixtures import Settings

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson, Spot
    from tests.support.servers import Server

Kind = Literal["uvicorn", "daphne"]
REF = "ref-of-bad-frame"
# What a server sends by itself.
UNASKED = {"mark", "people", "people.changed"}
KB = 1024


@asynccontextmanager
async def unmoved(server: Server, spot: Spot) -> AsyncIterator[ConnectedPerson]:
    """Alice with bob beside her: whatever she does in here reaches nobody, and afterwards both of
    them talk and are listed as before."""
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 2), 500, "bob") as bob,
    ):
        heard = len(bob.seen)
        yield alice
        await bob.silent()
        others = {frame["type"] for frame in bob.seen[heard:]}
        assert others <= {"pong", *UNASKED}
        assert await bob.messages() == []
        assert (await bob.http.get("/api/nearby")).json()["count"] == 1
        await alice.send_text("Still here")
        await bob.expect("chat.message", text="Still here")


def send(**fields: Any) -> str:
    """A frame that would be right if these fields were."""
    return json.dumps({"type": "chat.send", "text": "Hello", "ref": REF, **fields})


DEEP = "[" * 16_000
NOT_UNDERSTOOD: list[tuple[str | bytes, str]] = [
    # not JSON, or not an object of it
    ("", "bad-json"),
    ("hello", "bad-json"),
    ('{"type": "ping"', "bad-json"),
    ('{"type": "ping"} {"type": "ping"}', "bad-json"),
    ("{'type': 'ping'}", "bad-json"),
    ("[]", "bad-json"),
    ('[{"type": "ping"}]', "bad-json"),
    ('"ping"', "bad-json"),
    ("null", "bad-json"),
    ("1", "bad-json"),
    ("NaN", "bad-json"),
    (DEEP, "bad-json"),
    ('{"type":' * 2_000, "bad-json"),
    ("9" * 16_000, "bad-json"),
    # binary
    (b"", "bad-frame"),
    (b'{"type": "ping"}', "bad-frame"),
    (b"\x00\xff", "bad-frame"),
    # larger than 16 KB, in bytes
    (send(text="x" * 17 * KB), "too-large"),
    (json.dumps({"type": "ping", "x": "é" * 9 * KB}, ensure_ascii=False), "too-large"),
    (" " * 17 * KB, "too-large"),
    # a type that is none
    ("{}", "unknown-type"),
    ('{"type": null}', "unknown-type"),
    ('{"type": 1}', "unknown-type"),
    ('{"type": NaN}', "unknown-type"),
    ('{"type": ["ping"]}', "unknown-type"),
    ('{"type": {"ping": "ping"}}', "unknown-type"),
    ('{"type": "PING"}', "unknown-type"),
    ('{"type": "ping\\u0000"}', "unknown-type"),
    ('{"type": "__class__"}', "unknown-type"),
    ('{"type": "say"}', "unknown-type"),
    ('{"type": "chat.report"}', "unknown-type"),
    # what servers say to clients, and to each other
    *(
        (json.dumps({"type": kind, "text": "Hello", "ref": REF}), "unknown-type")
        for kind in (
            *(
                "chat.message",
                "chat.said",
                "chat.ack",
                "chat.gone",
                "people.changed",
                "welcome",
                "mark",
            ),
            *("presence.changed", "websocket.receive", "websocket.disconnect", "websocket.close"),
        )
    ),
    # fields of the wrong kind
    ('{"type": "chat.send"}', "bad-frame"),
    ('{"type": "chat.send", "text": "Hello"}', "bad-frame"),
    (json.dumps({"type": "chat.send", "ref": REF}), "bad-frame"),
    *((send(ref=ref), "bad-frame") for ref in (None, 1, True, "", "short", "x" * 65, [REF])),
    *((send(ref=ref), "bad-frame") for ref in ("with space", "ref<script>", f"{REF}\n", "ａ" * 8)),
    *((send(text=text), "bad-frame") for text in (None, 1, True, ["Hello"], {"text": "Hello"})),
    # a message that is none
    *((send(text=text), "message-empty") for text in ("", " ", "\n\t", "\x00", "\u202e\u200b")),
    *((send(text="\ud800"), "message-empty"),),
    *((send(text="x" * length), "message-too-long") for length in (501, 2001, 16_000)),
    # somebody else's message, or nobody's
    ('{"type": "chat.remove"}', "bad-frame"),
    ('{"type": "chat.remove", "id": 1}', "bad-frame"),
    ('{"type": "chat.remove", "id": ["1-0.00000000"]}', "bad-frame"),
    *(
        (json.dumps({"type": "chat.remove", "id": message_id}), "not-found")
        for message_id in (
            "",
            "nonsense",
            "1-0.00000000",
            "1-0",
            f"{'9' * 400}-0.00000000",
            "\ud800",
        )
    ),
]


async def test_a_frame_that_is_not_understood_gets_its_error_and_moves_nothing(
    server: Server, spot: Spot
) -> None:
    async with unmoved(server, spot) as alice:
        for frame, code in NOT_UNDERSTOOD:
            alice.seen.clear()
            await alice.send_raw(frame)
            error = await alice.expect("error")
            assert (frame, error["code"]) == (frame, code)
            assert {"code", "message"} < {*error} <= {"type", "code", "message", "ref"}
            assert error["message"] == f"{CODES[code].title} {CODES[code].words}"
            await alice.send("ping")
            await alice.expect("pong")
            answered = [seen for seen in alice.seen if seen["type"] not in UNASKED]
            assert len(answered) == 2, answered


async def test_the_page_is_told_what_is_wrong_in_its_own_form(server: Server, spot: Spot) -> None:
    async with unmoved(server, spot) as alice, alice.tab(html=True) as page:
        await page.expect("mark")
        for frame, code in NOT_UNDERSTOOD[::7]:
            await page.send_raw(frame)
            assert (await page.expect("error"))["code"] == code
            assert "Hello" not in page.raw[-1]


async def test_a_refused_message_names_its_ref(server: Server, spot: Spot) -> None:
    async with unmoved(server, spot) as alice:
        for text in ("", "x" * 501):
            await alice.send_raw(send(text=text))
            assert (await alice.expect("error"))["ref"] == REF


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hel\x00lo\x00", "Hello"),
        ("\u202eHello\u2066", "Hello"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ('<b hx-on:click="alert(1)">Hello</b>', '<b hx-on:click="alert(1)">Hello</b>'),
        ('<p id="messages" hx-swap-oob="true">', '<p id="messages" hx-swap-oob="true">'),
        ("xyz! " * 99 + "xyz!!", "xyz! " * 99 + "xyz!!"),
        ("🦔🌿" * 250, "🦔🌿" * 250),
    ],
)
async def test_a_message_may_hold_anything_that_is_text(
    server: Server, spot: Spot, text: str, shown: str
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *spot, 500, "bob") as bob,
        person(server, *spot, 500, "bea", html=True) as bea,
    ):
        await alice.send_text(text)
        for reader in (bob, bea):
            assert (await reader.expect("chat.message"))["text"] == shown
        assert bea.raw[-1].count("hx-swap-oob") - bea.raw[-1].count("hx-swap-oob=&quot;") == 1


async def test_what_the_page_adds_to_a_frame_is_ignored(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/near"}
        await alice.send("ping", HEADERS=headers, type_of="x")
        await alice.expect("pong")
        ref = new_ref()
        forged = {"person_id": "0" * 16, "username": "bob", "distance": "", "sent_at": 0}
        await alice.send("chat.send", text="Hello", ref=ref, HEADERS=headers, **forged)
        await alice.expect("chat.ack", ref=ref)
        heard = await alice.expect("chat.message")
        assert (heard["person_id"], heard["username"]) == (alice.person_id, "alice")
        assert heard["sent_at"] > 0


async def test_a_frame_in_pieces_is_one_frame(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        await alice.socket.send(['{"type": ', '"pi', 'ng"}'])
        await alice.expect("pong")
        await alice.socket.send(["x" * KB] * 17)
        assert (await alice.expect("error"))["code"] == "too-large"


def complained(server: Server, before: str) -> list[str]:
    """What it printed since, less Daphne's record of calls, and that it has no database here."""
    printed = server.output().removeprefix(before).splitlines()
    return [line for line in printed if " - - [" not in line and "neartalk.background" not in line]


@pytest.mark.parametrize("frame", [b"\xff\xfe", b'{"type": "ping", "x": "\xc3"}'])
async def test_text_that_is_not_utf_8_ends_the_socket_alone_and_fills_no_log(
    server: Server, spot: Spot, frame: bytes
) -> None:
    async with unmoved(server, spot) as alice:
        before = server.output()
        for pieces in (frame, [frame[:1], frame[1:]]):
            async with alice.tab() as bad:
                await bad.expect("mark")
                await bad.socket.send(pieces, text=True)
                assert await bad.closed() == 1007
            async with opened_at(server, "/signal", bearer_of(alice.key)) as socket:
                await socket.send(pieces, text=True)
                assert await Tab(socket).closed() == 1007
        assert complained(server, before) == []


async def test_a_frame_no_server_would_take_ends_the_socket_alone(
    server: Server, spot: Spot
) -> None:
    async with unmoved(server, spot) as alice, alice.tab() as bad:
        await bad.expect("mark")
        await bad.socket.send("x" * 1024 * KB * 2)
        assert await bad.closed() == 1009


# ---- Whose socket it is -----------------------------------------------------------------------


async def refused(server: Server, code: str, headers: dict[str, str]) -> None:
    """Both forms of the socket are told why, and closed as the code says."""
    for html in (False, True):
        async with listening(server, headers, html=html) as tab:
            assert (await tab.expect("error"))["code"] == code
            assert await tab.closed() == CODES[code].close
            assert [frame["type"] for frame in tab.seen] == ["error"]


@pytest.mark.parametrize(
    "key", ["A" * 43, "short", "A" * 44, "ä" * 43, "'; --", "A" * 4_000, "null"]
)
async def test_a_key_nobody_has_opens_nothing(server: Server, key: str) -> None:
    await refused(server, "session-unknown", {"Authorization": f"Bearer {key}"})
    if key.isascii() and ";" not in key:
        cookie = {"Cookie": f"neartalk={key}", "Origin": server.url}
        await refused(server, "session-unknown", cookie)


async def test_a_socket_without_any_session_is_closed(server: Server) -> None:
    await refused(server, "session-unknown", {"Origin": server.url})
    await refused(server, "session-unknown", {"Origin": server.url, "Cookie": "neartalk"})


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_an_expired_session_opens_nothing(serve: Serve, kind: Kind) -> None:
    server = serve(kind, {"SESSION_IDLE_SECONDS": "0"})
    async with api(server) as http:
        key = (await session(http))["session_id"]
    await refused(server, "session-unknown", bearer_of(key))


async def test_who_left_opens_nothing(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        await alice.leave()
        await refused(server, "session-unknown", bearer_of(alice.key))


async def test_a_socket_before_a_place_is_closed_and_opens_after(
    server: Server, spot: Spot
) -> None:
    async with api(server) as http:
        key = (await session(http))["session_id"]
        await refused(server, "no-place", bearer_of(key))
        http.headers.update(bearer_of(key))
        await place(http, *spot, 500)
        async with listening(server, bearer_of(key)) as tab:
            await tab.expect("welcome")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://evil.example:{port}",
        "http://evil.example/127.0.0.1:{port}",
        "http://localhost:{port}",
        "null",
        "file://",
        None,
    ],
)
async def test_a_foreign_page_with_the_cookie_is_refused(
    server: Server, spot: Spot, origin: str | None
) -> None:
    async with unmoved(server, spot) as alice:
        headers = {"Cookie": f"neartalk={alice.key}"}
        if origin is not None:
            headers["Origin"] = origin.format(port=server.port)
        await refused(server, "foreign-origin", headers)


@pytest.mark.parametrize(
    "origin",
    [
        *("http://127.0.0.1:8080.evil.example", "http://127.0.0.1:8080@evil.example"),
        *("http://127.0.0.1:8081", "http://127.0.0.1", "127.0.0.1:8080", "ftp://127.0.0.1:8080"),
        *("http://127.0.0.1:8080/", "http://127.0.0.1:8080:8080", "http://[::1", "http://[", ""),
        *("http://", "://", "http:// 127.0.0.1:8080", "http://127.0.0.1:8080 evil.example"),
    ],
)
def test_an_origin_is_ours_only_letter_by_letter(settings: Settings, origin: str) -> None:
    settings.ALLOWED_HOSTS = []
    assert not own_origin(origin, "127.0.0.1:8080")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "[::1", "", "a b", "[::2]"])
def test_an_origin_on_a_host_that_is_not_ours_is_foreign(settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = []
    assert not own_origin(f"http://{host}", host)
    settings.ALLOWED_HOSTS = ["near.example"]
    assert not own_origin(f"http://{host}", host)
    assert own_origin("https://near.example", "near.example")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "a.localhost:1", "[::1]:8080"])
def test_an_origin_of_ours_is_known_on_any_port_and_by_either_scheme(
    settings: Settings, host: str
) -> None:
    settings.ALLOWED_HOSTS = []
    assert own_origin(f"http://{host}", host)
    assert own_origin(f"https://{host}", host.upper())


async def test_an_origin_that_cannot_be_read_is_a_foreign_one(serve: Serve) -> None:
    server = serve("uvicorn")  # Daphne refuses it before anything of ours is asked
    for origin in ("http://[", "http://[::1", "http://a]b", ""):
        await refused(server, "foreign-origin", {"Origin": origin})


async def test_our_own_page_with_the_cookie_is_let_in(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        other = f"theme=dark; neartalk={alice.key}; x=y"
        for cookie in (f"neartalk={alice.key}", other):
            async with listening(server, {"Cookie": cookie, "Origin": server.url}) as tab:
                assert (await tab.expect("welcome"))["person_id"] == alice.person_id


async def test_a_bearer_needs_no_origin_and_minds_none(server: Server, spot: Spot) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        headers = {**alice.bearer, "Origin": "http://evil.example"}
        async with listening(server, headers) as tab:
            assert (await tab.expect("welcome"))["person_id"] == alice.person_id


async def test_a_page_that_bends_a_name_of_its_own_to_our_address_is_refused(
    server: Server, spot: Spot
) -> None:
    """DNS rebinding: Host and Origin agree, but on a host that is not ours."""
    async with person(server, *spot, 500, "alice") as alice:
        host = f"evil.example:{server.port}"
        headers = {"Cookie": f"neartalk={alice.key}", "Origin": f"http://{host}"}
        async with connect(
            f"ws://{host}/ws",
            host="127.0.0.1",
            port=server.port,
            additional_headers=headers,
            subprotocols=[JSON],
            proxy=None,
        ) as socket:
            tab = Tab(socket)
            assert (await tab.expect("error"))["code"] == "foreign-origin"
            assert await tab.closed() == 4403


# ---- Many at once -----------------------------------------------------------------------------

HOSTILE = 10_000


def hostile(rng: random.Random) -> str | bytes:
    """A frame that must be refused, never twice alike."""
    noise = "".join(chr(rng.choice((rng.randrange(1, 0xD800), 0, 34, 92))) for _ in range(20))
    salt = f"{rng.getrandbits(64):x}"
    match rng.randrange(9):
        case 0:
            return f"{noise}{salt}"
        case 1:
            return rng.randbytes(rng.randrange(200))
        case 2:
            return json.dumps(rng.choice([[salt], salt, rng.random(), None, [[{}]], True]))
        case 3:
            return json.dumps({"type": noise, "text": salt, "ref": REF})
        case 4:
            internal = ["chat.message", "chat.said", "presence.changed", "websocket.close"]
            return json.dumps({"type": rng.choice(internal), noise: salt})
        case 5:
            wrong = rng.choice([None, 1, [salt], {"ref": salt}, "", noise, "x" * 65])
            return send(ref=wrong, text=salt)
        case 6:
            return send(text=rng.choice(["", "\x00" * 9, "x" * rng.randrange(501, 16_000), [salt]]))
        case 7:
            gone = f"{rng.getrandbits(40)}-{rng.getrandbits(8)}.{rng.getrandbits(32):08x}"
            return json.dumps({"type": "chat.remove", "id": rng.choice([gone, noise, 7, salt])})
        case _:
            right = send(text=salt)
            return right[: rng.randrange(len(right))]


async def test_10_000_hostile_frames_get_an_error_each_and_move_nothing(
    server: Server, spot: Spot
) -> None:
    rng = random.Random(20)
    async with unmoved(server, spot) as alice:
        alice.seen.clear()

        async def attack() -> None:
            for _ in range(HOSTILE):
                await alice.send_raw(hostile(rng))
            await alice.send("ping")

        async with asyncio.TaskGroup() as group:
            group.create_task(attack())
            for turn in range(HOSTILE):
                code = (await alice.expect("error"))["code"]
                assert code in CODES, turn
            await alice.expect("pong")
        assert sum(frame["type"] == "error" for frame in alice.seen) == HOSTILE
