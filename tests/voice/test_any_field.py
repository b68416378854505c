"""No field of any frame or call, whatever JSON stands in it, ends a socket or is answered with a
fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chat.consumers import ChatConsumer
from neartalk.codes import CODES
from neartalk.push import new_private_key
from tests.support.client import api, elsewhere, person, running
from tests.voice.speakers import at_signal
from voice.consumers import SignalConsumer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import Tab
    from tests.support.servers import Server

# As JSON, for some of it no Python value would write.
ODD = [
    *("null", "true", "false", "0", "-1", "1.5", "1e999", "-1e999", "NaN", "Infinity"),
    *("9" * 400, "9" * 4_000, "-" + "9" * 4_000, "1e-999", "0.1e1"),
    *('""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ufffe"'),
    *('"\\u202e"', '"\\u0301"', '"\N{FULLWIDTH LATIN SMALL LETTER A}"', '"%s %d {x} {{ x }}"'),
    *('"__class__"', '"../../etc"', '"\'; --"', '"<script>"', '"' + "x" * 3_000 + '"'),
    *("[]", "[null]", "[[]]", '["relay"]', '["0000000000000000"]', "[" * 200 + "]" * 200),
    *("{}", '{"a": {"b": []}}', '{"": null}', '{"policy": "relay"}', '{"__proto__": 1}'),
    *('"relay"', '"direct"', '"open"', '"0000000000000000"', '"reference-1"'),
    '"1-0.00000000"',
]
FIELDS = {
    "chat.send": {
        "text": '"Hello"',
        "ref": '"reference-1"',
        "reply_to": '"1-0.00000000"',
        "mentions": '["0000000000000000"]',
    },
    "chat.remove": {"id": '"1-0.00000000"'},
    "chat.react": {"id": '"1-0.00000000"', "reaction": '"yes"'},
    "chat.reactors": {"id": '"1-0.00000000"'},
    "people": {"x": "1"},
    "ping": {"x": "1"},
    "voice.join": {"policy": '"relay"', "instance": '"instance-1"', "door": '"open"'},
    "voice.door": {"open": "false", "locked": "true"},
    "voice.leave": {"x": "1"},
    "voice.peers": {"x": "1"},
    "voice.knock": {"to": '"0000000000000000"'},
    "voice.accept": {"to": '"0000000000000000"'},
    "voice.decline": {"to": '"0000000000000000"'},
    "voice.offer": {"to": '"0000000000000000"', "sdp": '"v=0"'},
    "voice.answer": {"to": '"0000000000000000"', "sdp": '"v=0"'},
    "voice.candidate": {"to": '"0000000000000000"', "candidate": '"candidate:1"'},
    "voice.state": {"muted": "true"},
}
CALLS = {
    ("POST", "/api/session/create"): {"username": '"Alice"'},
    ("PATCH", "/api/session/username"): {"username": '"Alice"'},
    ("POST", "/api/location/update"): {"lat": "52.5", "lon": "13.4", "radius": "500"},
    ("POST", "/api/block"): {"person_id": '"0000000000000000"'},
    ("POST", "/api/push/subscribe"): {
        "endpoint": '"https://fcm.googleapis.com/a"',
        "p256dh": f'"{"B" * 87}"',
        "auth": f'"{"A" * 22}"',
        "text": "true",
    },
    ("POST", "/api/unblock"): {"person_id": '"0000000000000000"'},
    ("POST", "/api/report"): {
        "person_id": '"0000000000000000"',
        "message_id": '"1-0.00000000"',
        "reason": '"spam"',
        "words": '"Help"',
    },
}
PING = '{"type": "ping"}'
QUERIES = ["/api/messages?before=", "/ws?since=", "/ws?since=1&epoch=", "/near?near=", "/?"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(
        "uvicorn",
        RATE_LIMITS_SCALE="1000",
        TURN_URLS="turn:127.0.0.1:9",
        TURN_SECRET="tests",
        VAPID_PRIVATE_KEY=new_private_key(),
        VAPID_SUBJECT="mailto:operator@example.org",
    ) as running_server:
        yield running_server


def test_every_action_of_both_sockets_stands_in_the_table() -> None:
    assert {*ChatConsumer.actions} | {*SignalConsumer.actions} == {*FIELDS}


def frames(actions: Any) -> Iterator[str]:
    """Every field of these actions with everything odd, left out, and beside an odd type."""
    for kind in actions:
        fields = FIELDS[kind]
        for name in fields:
            for odd in ODD:
                yield written({"type": json.dumps(kind), **fields, name: odd})
            yield written({"type": json.dumps(kind), **{**fields, name: ""}})
    for odd in ODD:
        yield written({"type": odd})
        yield odd


def written(fields: dict[str, str]) -> str:
    """An object with these values, which are JSON already; "" leaves a field out."""
    inner = ", ".join(f"{json.dumps(name)}: {value}" for name, value in fields.items() if value)
    return f"{{{inner}}}"


async def answers_all(tab: Tab, sent: Iterator[str]) -> int:
    """Each frame is answered with words, or does what it should; then the socket answers on."""
    all_sent, pings = [*sent, PING], 0
    for frame in all_sent:
        await tab.send_raw(frame)
        pings += frame.startswith(PING[:-1])
    for _ in range(pings):
        await tab.expect("pong")
    codes = {one["code"] for one in tab.seen if one["type"] == "error"}
    assert codes <= {*CODES}
    assert {"bad-frame", "bad-json", "unknown-type"} <= codes
    return len(all_sent)


async def test_no_field_of_any_frame_ends_a_socket(server: Server) -> None:
    before = server.output()
    async with person(server, *elsewhere(), 500, "alice") as alice:
        assert await answers_all(alice, frames(ChatConsumer.actions)) > 100
        async with at_signal(server, dict(alice.bearer)) as signal:
            assert await answers_all(signal, frames(SignalConsumer.actions)) > 400
        await alice.send_text("Still here")
    assert "Traceback" not in server.output()[len(before) :]
    assert "[error" not in server.output()[len(before) :]


async def test_no_field_of_any_call_is_answered_with_a_fault(server: Server) -> None:
    before = server.output()
    async with person(server, *elsewhere(), 500, "alice") as alice, api(server) as newcomer:
        for (method, path), fields in CALLS.items():
            # Whoever starts anew ends their session.
            http = newcomer if path == "/api/session/create" else alice.http
            for name in fields:
                for odd in ODD[len(name) % 3 :: 3]:
                    body = written({**fields, name: odd}).encode("utf-8", "surrogatepass")
                    headers = {"Content-Type": "application/json"}
                    answer = await http.request(method, path, content=body, headers=headers)
                    assert answer.status_code < 500, (method, path, name, odd)
        for path in QUERIES:
            for odd in (
                "%00",
                "%ff",
                "%ed%a0%80",
                "9" * 400,
                "-1",
                "1e999",
                "&&",
                "a=b",
                "%",
                "[]",
            ):
                answer = await alice.http.get(path + odd)
                assert answer.status_code < 500, path + odd
        await alice.send_text("Still here")
    assert "[error" not in server.output()[len(before) :]
