"""How often a person may speak and knock, over two real processes that share a Redis: of 1000 tries
at once exactly the allowance passes."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.limits import RULES
from tests.support.client import api, bearer_of, elsewhere, listening, new_ref, running, session
from tests.support.servers import Valkey
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.support.client import Tab
    from tests.support.servers import Server

    Servers = tuple[Server, Server]
    # The two processes, with these rules off.
    Start = Callable[[str], Servers]

TRIES = 1000
TEXT = "Cheap watches, come and look"
_addresses = (f"192.0.2.{last}" for last in itertools.count(1))


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        redis.start()

        def pair(off: str) -> Servers:
            env = {
                "REDIS_URL": redis.url,
                "TRUSTED_PROXIES": "1",
                "RATE_LIMITS_OFF": f"{off},chat.refused,socket.frame,socket.flood,address.work",
            }
            first, second = (stack.enter_context(running("uvicorn", **env)) for _ in range(2))
            return first, second

        yield pair


@asynccontextmanager
async def speakers(servers: Servers, count: int) -> AsyncIterator[list[Tab]]:
    """So many people of one network in one place; each with a socket at either process."""
    spot, network = elsewhere(), {"X-Forwarded-For": next(_addresses)}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(api(servers[0], headers=network))
        tabs = []
        for _ in range(count):
            headers = bearer_of((await session(http))["session_id"])
            answer = await http.post(
                "/api/location/update",
                json={"lat": spot[0], "lon": spot[1], "radius": 500},
                headers=headers,
            )
            assert answer.status_code == 200
            for server in servers:
                tab = await stack.enter_async_context(listening(server, headers | network))
                await tab.expect("mark")
                tabs.append(tab)
        yield tabs


async def tried(tabs: list[Tab], text: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
    """Everybody speaks at once, 1000 times: the answers by their type or code."""
    asked: dict[str, dict[str, Any]] = {}

    async def send_each(tab: Tab, turns: range) -> list[dict[str, Any]]:
        refs = {new_ref(): turn for turn in turns}
        for ref, turn in refs.items():
            await tab.send("chat.send", text=text(turn), ref=ref)
        async with deadline("an answer to each message"):
            while refs.keys() - asked.keys():
                for frame in await tab._receive_soon():
                    if frame["type"] in {"chat.ack", "error"} and frame["ref"] in refs:
                        asked[frame["ref"]] = frame
        return []

    share = TRIES // len(tabs)
    await asyncio.gather(
        *(send_each(tab, range(own * share, own * share + share)) for own, tab in enumerate(tabs))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for frame in asked.values():
        found.setdefault(frame.get("code", frame["type"]), []).append(frame)
    assert sum(map(len, found.values())) == TRIES
    return found


@pytest.mark.parametrize(
    ("rule", "off", "people", "text", "code"),
    [
        ("chat.send", "chat.new", 1, "text {}", "too-fast"),
        ("chat.new", "", 1, "text {}", "too-fast"),
        ("chat.repeat", "chat.new,chat.send", 1, TEXT, "repeated"),
        ("chat.copies", "chat.new,chat.send,chat.repeat", 5, TEXT, "copied"),
    ],
)
async def test_exactly_the_allowance_is_kept(
    start: Start, rule: str, off: str, people: int, text: str, code: str
) -> None:
    async with speakers(start(off), people) as tabs:
        began = time.monotonic()
        found = await tried(tabs, text.format)
        kept = found.pop("chat.ack")
        assert len(kept) in allowed(rule, began)
        assert found.keys() == {code}
        assert all(frame["retry_after"] >= 1 for frame in found[code])
        listener = tabs[0]
        listener.aside = [*listener.seen]
        for ack in kept:  # what was said at the other process comes through Redis
            await listener.expect("chat.message", id=ack["id"])
        await listener.silent()


def allowed(rule: str, began_s: float) -> range:
    """How many acts a rule let pass since: its burst, and what came back meanwhile."""
    passed_ms = (time.monotonic() - began_s) * 1000
    burst = RULES[rule].burst
    return range(burst, burst + int(passed_ms / RULES[rule].interval_ms) + 2)
