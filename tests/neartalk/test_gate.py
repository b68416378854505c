"""What a call must pass before Django is asked: its size, its rate and its time."""

from __future__ import annotations

import asyncio
import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as configured

from neartalk.codes import CODES
from neartalk.http import Gate, gate
from neartalk.http.gate import ADMIN_S, OVERHEAD_S
from neartalk.http.middleware import admin_path
from neartalk.limits import RULES, Meters
from neartalk.limits.lane import RULE as LANE_RULE
from neartalk.limits.lane import WAIT_MAX_S
from neartalk.parts import Platform
from tests.support.client import api, running
from tests.support.clocks import ManualClock
from tests.support.processes import turns
from tests.support.waiting import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

BODY_MAX = configured.DATA_UPLOAD_MAX_MEMORY_SIZE
LIMIT = RULES["session.call"]


class GateCaller:
    """A caller of an application behind the gate, which keeps the bodies it was given."""

    def __init__(self) -> None:
        self.platform = Platform.build()
        self.gate = Gate(self.application)
        # On a clock that stands: no call comes back while a test runs.
        self.gate.meters = Meters(self.platform.rules, "session.call", ManualClock())
        self.bodies: list[bytes] = []

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        assert not message["more_body"]
        self.bodies.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def call(
        self, *pieces: bytes, path: str = "/api/block", client: str = "127.0.0.1", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body of an answer to a body in pieces."""
        sent: list[Any] = []
        waiting = [
            {"type": "http.request", "body": piece, "more_body": turn < len(pieces)}
            for turn, piece in enumerate(pieces, 1)
        ]

        async def receive() -> Any:
            if not waiting:
                await within(asyncio.Event().wait(), "the gate gives up on the rest")
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        named = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        scope = {"type": "http", "path": path, "headers": named, "client": (client, 5)}
        await self.gate({**scope, "state": {"neartalk": self.platform}}, receive, send)
        assert [one for one in sent[1:] if not one.get("more_body")] == sent[-1:], "it ends once"
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, b"".join(each.get("body", b"") for each in sent[1:])


async def test_a_body_that_fits_is_handed_on_whole() -> None:
    caller = GateCaller()
    assert (await caller.call(b"x" * 100, b"y" * 100))[0] == 200
    assert (await caller.call(b"z" * BODY_MAX))[0] == 200
    assert (await caller.call(b""))[0] == 200
    assert caller.bodies == [b"x" * 100 + b"y" * 100, b"z" * BODY_MAX, b""]


async def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    caller = GateCaller()
    status, told, body = await caller.call(b"x" * 10, content_length=str(BODY_MAX + 1))
    assert (status, told["connection"], json.loads(body)["code"]) == (413, "close", "too-large")
    endless = [b"x" * 1000] * 1000
    status, told, body = await caller.call(*endless)
    assert (status, told["connection"], json.loads(body)["code"]) == (413, "close", "too-large")
    assert caller.bodies == []


@pytest.mark.parametrize("length", ["-1", "1e3", "", "99" * 2000, "0x10"])
async def test_a_length_that_is_none_is_refused(length: str) -> None:
    caller = GateCaller()
    assert (await caller.call(b"", content_length=length))[0] == 413
    assert caller.bodies == []


async def test_a_body_that_does_not_come_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_S", 0.01)
    monkeypatch.setattr("neartalk.http.refusals.LINGER_S", 0.01)
    status, _, body = await GateCaller().call(content_length="100")
    assert (status, json.loads(body)["code"]) == (408, "timed-out")


@pytest.mark.parametrize(
    "key",
    [
        {"authorization": "Bearer the-key"},
        {"authorization": "bearer  the-key"},
        {"cookie": "neartalk=the-key"},
        {"cookie": "a=b; neartalk=the-key; c=d"},
        {"cookie": "__Host-neartalk=the-key"},
    ],
)
async def test_a_session_calls_as_often_as_its_rule_allows_and_is_told_when_again(
    key: dict[str, str],
) -> None:
    caller = GateCaller()
    for _ in range(LIMIT.burst):
        assert (await caller.call(b"", **key))[0] == 200
    status, told, body = await caller.call(b"", **key)
    found = json.loads(body)
    assert (status, found["code"], told["retry-after"]) == (429, "too-many-calls", "1")
    assert found["message"] == f"{CODES[found['code']].title} It can be tried again in 1 s."
    assert "connection" not in told
    assert (await caller.call(b"", authorization="Bearer another"))[0] == 200
    assert (await caller.call(b""))[0] == 200
    refusals = caller.platform.instruments.refusals
    assert refusals["too-many-calls", "session.call"] == 1


async def test_a_network_that_did_too_much_is_refused_on_every_path_and_nobody_else_is() -> None:
    caller = GateCaller()
    caller.platform.lanes.of(ip_address("203.0.113.9")).charge(100 * WAIT_MAX_S)
    for path in ("/", "/near", "/api/messages", "/static/css/x.css", "/admin/", "/metrics", "/no"):
        status, told, _ = await caller.call(b"", path=path, client="203.0.113.9")
        assert (status, int(told["retry-after"]) > WAIT_MAX_S) == (429, True)
        assert (await caller.call(b"", path=path, client="203.0.113.10"))[0] == 200
        assert (await caller.call(b"", path=path))[0] == 200


async def test_files_of_a_page_are_none_of_the_calls_of_its_session() -> None:
    caller, key = GateCaller(), {"authorization": "Bearer the-key"}
    for turn in range(2 * LIMIT.burst):
        path = f"{configured.STATIC_URL}js/{turn}.js"
        assert (await caller.call(b"", path=path, **key))[0] == 200
    for _ in range(LIMIT.burst):
        assert (await caller.call(b"", **key))[0] == 200
    assert (await caller.call(b"", **key))[0] == 429


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/near", OVERHEAD_S),
        ("/api/messages", OVERHEAD_S),
        (admin_path(), ADMIN_S),
        (f"{admin_path()}login/", ADMIN_S),
        (f"{configured.STATIC_URL}css/x.css", 0),
    ],
)
async def test_a_call_is_charged_for_what_nobody_measures(path: str, seconds: float) -> None:
    caller = GateCaller()
    lane = caller.platform.lanes.of(ip_address("203.0.113.9"))
    lane.clock = lambda: 100.0
    await caller.call(b"", path=path, client="203.0.113.9")
    spent_s = max(0.0, lane.spent_until_s - 100.0)
    assert spent_s == pytest.approx(seconds / RULES[LANE_RULE].share)
    # Nor is one that was refused.
    lane.charge(100 * WAIT_MAX_S)
    before_s = lane.spent_until_s
    assert (await caller.call(b"", path=path, client="203.0.113.9"))[0] == 429
    assert lane.spent_until_s == before_s


async def test_each_limit_of_calls_that_was_met_is_counted_for_operators() -> None:
    caller, key = GateCaller(), {"authorization": "Bearer the-key"}
    for _ in range(LIMIT.burst + 2):
        await caller.call(b"", client="203.0.113.9", **key)
    caller.platform.lanes.of(ip_address("203.0.113.9")).charge(100 * WAIT_MAX_S)
    await caller.call(b"", client="203.0.113.9")
    await caller.call(b"x" * 10, content_length=str(BODY_MAX + 1))
    counted = {
        (key.rule, bool(key.subject)): n for key, n in caller.platform.records.hits.counts.items()
    }
    assert counted == {("session.call", True): 2, (LANE_RULE, True): 1}


async def test_a_refusal_comes_as_its_caller_reads_it() -> None:
    caller = GateCaller()
    large = {"content_length": "99999"}
    _, told, body = await caller.call(b"", **large)
    assert told["content-type"] == "application/json"
    _, told, body = await caller.call(b"", hx_request="true", **large)
    assert b'data-code="too-large"' in body
    assert b"<html" not in body
    _, told, body = await caller.call(b"", path="/near", **large)
    assert b"<html" in body
    assert CODES["too-large"].title.encode() in body
    assert "default-src 'none'" in told["content-security-policy"]
    assert told["cache-control"] == "no-store"


async def test_a_client_that_goes_away_costs_nothing_more() -> None:
    caller, sent = GateCaller(), []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": [], "client": ("127.0.0.1", 5)}
    await caller.gate({**scope, "state": {"neartalk": caller.platform}}, receive, send)
    await turns()
    assert (sent, caller.bodies) == ([], [])


# ---- At a server ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as running_server:
        yield running_server


async def test_a_chunked_body_without_an_end_is_answered_and_cut(server: Server) -> None:
    async def pieces() -> Any:
        for _ in range(100):
            yield b"x" * 1000

    async with api(server) as http:
        answer = await http.post("/api/block", content=pieces())
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_calls_without_a_session_are_answered(server: Server) -> None:
    async with api(server) as http:
        for path in ("/", "/rules", "/privacy", "/api/health"):
            assert (await http.get(path)).status_code == 200
