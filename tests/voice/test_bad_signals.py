"""What /signal refuses: an error frame each, and never a byte for anybody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.limits import RULES
from tests.support.client import elsewhere, north, running
from tests.support.waiting import deadline
from tests.voice.speakers import at_signal, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server
    from tests.voice.speakers import Speaker

NOBODY = "0" * 16
RELAYED = ("voice.offer", "voice.answer", "voice.candidate", "voice.state")
HOST = "candidate:1 1 udp 2113937151 {} 54321 typ host"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", TURN_URLS="turn:127.0.0.1:9", TURN_SECRET="tests") as server:
        yield server


@pytest.fixture(scope="module")
def bare() -> Iterator[Server]:
    """Without a relay."""
    with running("uvicorn") as server:
        yield server


async def refused(one: Speaker, kind: str, **fields: Any) -> str:
    await one.send(kind, **fields)
    return str((await one.expect("error"))["code"])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("voice.leave", {}),
        ("voice.peers", {}),
        ("voice.state", {"muted": True}),
        ("voice.knock", {"to": NOBODY}),
        ("voice.accept", {"to": NOBODY}),
        ("voice.decline", {"to": NOBODY}),
        ("voice.offer", {"to": NOBODY, "sdp": "v=0"}),
        ("voice.answer", {"to": NOBODY, "sdp": "v=0"}),
        ("voice.candidate", {"to": NOBODY, "candidate": HOST}),
    ],
)
async def test_before_joining_nothing_is_done(
    server: Server, kind: str, fields: dict[str, Any]
) -> None:
    async with speaker(server, elsewhere(), "Alice") as alice:
        assert await refused(alice, kind, **fields) == "not-joined"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("[]", "bad-json"),
        ("{", "bad-json"),
        (b"{}", "bad-frame"),
        ('{"type": "voice.shout"}', "unknown-type"),
        ('{"type": "voice.join"}', "bad-frame"),
        ('{"type": "voice.join", "policy": "all", "instance": "instance-0"}', "bad-frame"),
        ('{"type": "voice.join", "policy": "relay", "instance": "short"}', "bad-frame"),
        ('{"type": "voice.join", "policy": "relay", "instance": 12345678}', "bad-frame"),
        ('{"type": "voice.knock"}', "bad-frame"),
        ('{"type": "voice.knock", "to": ["0000000000000000"]}', "bad-frame"),
        ('{"type": "voice.knock", "to": "not-a-person"}', "bad-frame"),
        ('{"type": "voice.offer", "to": "0000000000000000", "sdp": 1}', "bad-frame"),
        ('{"type": "voice.state", "muted": "yes"}', "bad-frame"),
    ],
)
async def test_a_frame_of_the_wrong_shape_is_refused(
    server: Server, frame: str | bytes, code: str
) -> None:
    async with speaker(server, elsewhere(), "Alice") as alice:
        await alice.send_raw(frame)
        assert (await alice.expect("error"))["code"] == code


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("voice.join", {"policy": "all", "instance": "instance-0"}),
        ("voice.join", {"policy": "relay", "instance": "instance-0"}),
        ("voice.leave", {}),
        ("voice.peers", {}),
        ("voice.state", {"muted": True}),
        ("voice.knock", {"to": NOBODY}),
        ("voice.offer", {"to": NOBODY, "sdp": "v=0"}),
        ("voice.offer", {"to": NOBODY, "sdp": "x" * 65_536}),
        ("voice.shout", {}),
    ],
)
async def test_every_refusal_names_the_ref_of_its_frame(
    bare: Server, kind: str, fields: dict[str, Any]
) -> None:
    async with speaker(bare, elsewhere(), "Alice") as alice:
        # Inside the 64 KB of a frame that a socket takes, where the server is told its size.
        raw = json.dumps({"type": kind, "ref": "the-ref-of-it", **fields})[:65_536]
        await alice.send_raw(raw)
        assert (await alice.expect("error"))["ref"] == "the-ref-of-it"


async def test_a_stranger_someone_far_and_oneself_are_out_of_reach(server: Server) -> None:
    spot = elsewhere()
    async with (
        speaker(server, spot, "Alice") as alice,
        speaker(server, north(spot, 20), "Carol") as carol,
        speaker(server, spot, "Dan") as dan,
    ):
        await alice.join()
        await carol.join()
        for to in (NOBODY, carol.person_id, alice.person_id, dan.person_id):
            for kind in ("voice.knock", "voice.accept"):
                assert await refused(alice, kind, to=to) == "out-of-reach"
            assert await refused(alice, "voice.candidate", to=to, candidate=HOST) == "out-of-reach"
        assert carol.known() == []
        await carol.silent(*RELAYED)
        await dan.silent(*RELAYED, "voice.peers")


async def test_without_consent_nothing_is_passed_on(server: Server) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice, speaker(server, spot, "Bob") as bob:
        await alice.join()
        await bob.join()
        await alice.expect_state(bob, "near")
        await alice.send("voice.knock", to=bob.person_id)
        await bob.expect_state(alice, "knocks")
        for kind in ("voice.offer", "voice.answer"):
            assert await refused(alice, kind, to=bob.person_id, sdp="v=0") == "not-agreed"
        found = await refused(alice, "voice.candidate", to=bob.person_id, candidate=HOST)
        assert found == "not-agreed"
        await alice.send("voice.state", muted=True)
        await alice.send("voice.accept", to=bob.person_id)
        assert (await alice.expect("error"))["code"] == "not-agreed"
        await bob.silent(*RELAYED)


async def test_whoever_was_declined_reaches_nobody_any_more(server: Server) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice, speaker(server, spot, "Bob") as bob:
        await alice.join()
        await bob.join()
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        await bob.send("voice.decline", to=alice.person_id)
        await alice.expect_state(bob, "declined")
        for kind in ("voice.offer", "voice.answer"):
            assert await refused(alice, kind, to=bob.person_id, sdp="v=0") == "not-agreed"
        for kind, fields in (("voice.candidate", {"candidate": HOST}), ("voice.accept", {})):
            assert await refused(alice, kind, to=bob.person_id, **fields) == "not-agreed"
        assert await refused(alice, "voice.knock", to=bob.person_id) == "declined"
        await alice.send("voice.state", muted=True)
        await bob.silent(*RELAYED)
        await bob.expect_state(alice, "near")


async def test_of_a_hundred_knocks_that_come_and_go_one_is_heard(server: Server) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice, speaker(server, spot, "Bob") as bob:
        await alice.join()
        await bob.join()
        await alice.expect_state(bob, "near")
        for _ in range(100):
            await alice.send("voice.knock", to=bob.person_id)
            await alice.send("voice.decline", to=bob.person_id)
        frames = await alice.quiet()
        refusals = [frame for frame in frames if frame["type"] == "error"]
        assert [frame["code"] for frame in refusals] == ["declined"] * 99
        assert all(0 < frame["retry_after"] <= 60 for frame in refusals)


@pytest.mark.parametrize(
    ("candidate", "code"),
    [
        (HOST.format("10.0.0.7"), None),
        (HOST.format("8.8.8.8"), None),
        (HOST.format("::ffff:8.8.8.8"), None),
        (HOST.format("3f2a.local"), None),
        (HOST.format("192.168.1.4").replace("typ host", "typ relay"), None),
        (HOST.format("127.0.0.1").replace("typ host", "typ srflx raddr 10.0.0.7 rport 9"), None),
        ("candidate:nonsense", "bad-candidate"),
        ("", "bad-candidate"),
    ],
)
async def test_between_the_shielded_no_address_but_a_relays_is_passed_on(
    server: Server, candidate: str, code: str | None
) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice, speaker(server, spot, "Bob") as bob:
        await alice.join("relay")
        await bob.join("direct")
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        await alice.send("voice.candidate", to=bob.person_id, candidate=candidate)
        if code:
            assert (await alice.expect("error"))["code"] == code
        await alice.silent("error")
        await bob.silent("voice.candidate")
        relayed = HOST.format("8.8.8.8").replace("typ host", "typ relay raddr 10.0.0.7 rport 9")
        await alice.send("voice.candidate", to=bob.person_id, candidate=relayed)
        passed = (await bob.expect("voice.candidate"))["candidate"]
        assert passed.endswith("typ relay raddr 0.0.0.0 rport 0")


@pytest.mark.parametrize("sdp", ["", "v=0", "v=0\r\n" + "a=x\r\n" * 2000, "m=video 9 X 0"])
async def test_a_description_that_is_no_call_of_one_voice_is_refused(
    server: Server, sdp: str
) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice, speaker(server, spot, "Bob") as bob:
        await alice.join()
        await bob.join()
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        assert await refused(alice, "voice.offer", to=bob.person_id, sdp=sdp) == "bad-sdp"
        await bob.silent("voice.offer")


async def test_shielded_voice_without_a_relay_is_refused_and_not_downgraded(bare: Server) -> None:
    async with speaker(bare, elsewhere(), "Alice") as alice:
        await alice.send("voice.join", policy="relay", instance=alice.instance)
        assert (await alice.expect("error"))["code"] == "no-relay"
        assert await refused(alice, "voice.peers") == "not-joined"
        answer = (await alice.http.get("/api/voice/ice")).json()
        assert (answer["policy"], answer["ice_servers"]) == ("relay", [])
        assert (answer["relay"], answer["relay_works"]) == (False, False)


@pytest.mark.parametrize("frame", ['{"type": "voice.peers"}', '{"type": "voice.shout"}', "{"])
async def test_a_flood_is_too_fast_whatever_is_in_it(server: Server, frame: str) -> None:
    async with speaker(server, elsewhere(), "Alice") as alice:
        refusal = await too_fast(alice, frame, RULES["voice.frame"].burst + 50)
        async with deadline("one frame is too many"):
            while refusal is None:  # more are allowed meanwhile: the server took long for them
                refusal = await too_fast(alice, frame, 50)
        assert refusal["retry_after"] >= 1


async def too_fast(one: Speaker, frame: str, count: int) -> dict[str, Any] | None:
    """Sends so many of a frame, each of which is refused; the first refusal for haste."""
    for _ in range(count):
        await one.send_raw(frame)
    for _ in range(count):
        if (refusal := await one.expect("error"))["code"] == "too-fast":
            return refusal
    return None


async def test_another_page_of_the_same_person_takes_voice_over(server: Server) -> None:
    spot = elsewhere()
    async with speaker(server, spot, "Alice") as alice:
        await alice.join()
        from_there = {"Authorization": f"Bearer {alice.key}"}
        async with at_signal(server, from_there) as again:
            await again.send("voice.join", policy="direct", instance="another-page")
            await again.expect("voice.peers")
            assert (await alice.expect("error"))["code"] == "voice-elsewhere"
            assert await refused(alice, "voice.peers") == "not-joined"
