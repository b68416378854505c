"""The proxies of deploy/, each in front of the same two servers, from Debian's packages."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, closing
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from neartalk.codes import Refused
from neartalk.server.keepalive import PING_S
from tests.support.client import (
    JSON,
    Tab,
    api,
    bearer_of,
    elsewhere,
    listening,
    north,
    opened_at,
    person,
)
from tests.support.proxy_packages import missing
from tests.support.reverse_proxies import BEHIND, Caddy, HAProxy, Nginx, Proxy, write_networks
from tests.support.servers import Server, Valkey, free_port
from tests.support.static_files import collected
from tests.support.waiting import WAIT_S, awaiting, deadline, until
from tests.voice.speakers import at_signal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.client import Door

KINDS: dict[str, type[Proxy]] = {"nginx": Nginx, "caddy": Caddy, "haproxy": HAProxy}
EACH = pytest.mark.parametrize("kind", KINDS)
# What one address may begin in an hour without a price.
# Without a price, an hour: so many people of these tests come through each proxy, all from here.
SESSIONS = 120
# The headers of the call of a turn.
Claims = Callable[[int], dict[str, str]]


class ProxiedServers(NamedTuple):
    first: Server
    second: Server
    proxies: dict[str, Proxy]


@pytest.fixture(scope="module")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with collected(tmp_path_factory.mktemp("static")) as folder:
        yield folder


@pytest.fixture(scope="module")
def proxied(static_root: Path) -> Iterator[ProxiedServers]:
    if names := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"without {', '.join(names)}")
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        env = {**BEHIND, "REDIS_URL": redis.start().url, "STATIC_ROOT": str(static_root)}
        first, second = servers = [Server("uvicorn", env) for _ in range(2)]
        for server in servers:
            stack.callback(server.close)
            server.migrate()
            server.manage("limits", "set", "session.address", "--allowance", str(SESSIONS))
            server.start()
        proxies = {name: kind(servers) for name, kind in KINDS.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
            proxy.start()
        yield ProxiedServers(first, second, proxies)


@pytest.fixture
def proxy(proxied: ProxiedServers, kind: str) -> Proxy:
    return proxied.proxies[kind]


def cookie_of(key: str) -> dict[str, str]:
    return {"Cookie": f"__Host-neartalk={key}"}


# ---- Pages and files -----------------------------------------------------------------------------


@EACH
async def test_a_page_comes_over_tls_and_who_comes_without_is_sent_there(proxy: Proxy) -> None:
    async with api(proxy) as http:
        page = await http.get("/")
        assert page.status_code == 200
        assert "Secure" in page.headers["set-cookie"], "the server knows of the TLS"
        assert "strict-transport-security" in page.headers
        assert page.headers["content-encoding"] == "gzip", "the app compresses what may be"
        login = await http.get("/admin/login/")
        assert login.status_code == 200
        assert "content-encoding" not in login.headers, "and no proxy what may not"
        plain = await http.get(f"http://localhost:{proxy.http_port}/near")
        assert plain.status_code in {301, 308}
        assert plain.headers["location"].startswith("https://localhost")


@EACH
async def test_a_file_whose_name_holds_a_hash_is_kept_for_good(proxy: Proxy) -> None:
    async with api(proxy) as http:
        names = re.findall(r'"(/static/[^"]+\.(?:css|js))"', (await http.get("/")).text)
        assert len(names) > 2
        for name in names:
            answer = await http.get(name)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "max-age=315360000, public, immutable"


@EACH
async def test_a_body_that_is_too_large_is_refused_as_the_app_would(proxy: Proxy) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b" " * 1000

    async with api(proxy) as http:
        answer = await http.post("/api/session/create", content=b" " * 16_385)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert answer.json() == Refused("too-large").fields()
        kind = {"Content-Type": "application/json"}
        answer = await http.post("/api/session/create", content=pieces(), headers=kind)
        assert answer.status_code == 413
        largest = b"{}".ljust(16_384)
        answer = await http.post("/api/session/create", content=largest, headers=kind)
        assert answer.status_code == 201


@EACH
async def test_metrics_are_nobodys(proxy: Proxy) -> None:
    async with api(proxy) as http:
        for path in ("/metrics", "/metrics/", "/%6detrics", "/metrics?x=1"):
            answer = await http.get(path)
            assert answer.status_code == 404
            assert "content-security-policy" not in answer.headers, "the app was asked"


# ---- Sockets -------------------------------------------------------------------------------------


@EACH
async def test_a_message_goes_through_to_the_other_process_and_comes_from_it(
    proxied: ProxiedServers, proxy: Proxy
) -> None:
    spot = elsewhere()
    async with (
        person(proxy, *spot, 500, "alice", near=1) as alice,
        person(proxied.first, *north(spot, 1), 500, "bob") as bob,
        person(proxied.second, *north(spot, 1), 500, "carol") as carol,
    ):
        await alice.send_text("Hello")
        for other in (bob, carol):
            await other.expect("chat.message", text="Hello")
            await other.send_text(f"Hello from {other.name}")
            await alice.expect("chat.message", text=f"Hello from {other.name}")


@EACH
async def test_a_socket_of_our_page_opens_and_one_of_another_does_not(proxy: Proxy) -> None:
    async with person(proxy, *elsewhere()) as alice:
        ours = {**cookie_of(alice.key), "Origin": proxy.url}
        async with listening(proxy, ours) as tab, at_signal(proxy, ours):
            await tab.expect("welcome")
        for path in ("/ws", "/signal"):
            theirs = {**ours, "Origin": "https://evil.example"}
            async with opened_at(proxy, path, theirs, [JSON]) as found:
                assert await Tab(found).closed() == 4403


@EACH
def test_an_idle_socket_is_pinged_long_before_a_proxy_would_end_it(
    proxied: ProxiedServers, kind: str
) -> None:
    """A round of pings is 20 s, and who is given up was silent for one and a half."""
    timeouts = proxied.proxies[kind].socket_timeouts_s()
    assert len(timeouts) == {"nginx": 2, "caddy": 0, "haproxy": 1}[kind]
    assert all(timeout > 2.5 * PING_S for timeout in timeouts)


async def test_a_district_meets_in_one_process_districts_spread_and_a_hot_one_spills_over(
    proxied: ProxiedServers,
) -> None:
    """HAProxy lets no process have a quarter more than the average."""
    async with AsyncExitStack() as stack:
        proxy = cast(HAProxy, proxied.proxies["haproxy"])
        alice = await stack.enter_async_context(person(proxied.first, *elsewhere()))

        async def come(*hints: int) -> list[int]:
            """So many more sockets that each process has once these have come."""
            before = proxy.sockets()
            for near in hints:
                found = opened_at(proxy, f"/ws?near={near}", alice.bearer, [JSON])
                await Tab(await stack.enter_async_context(found)).expect("welcome")
            return [now - then for now, then in zip(proxy.sockets(), before, strict=True)]

        until(lambda: proxy.sockets() == [0, 0], "the end of the sockets of other tests")
        spread = await come(*range(40))
        assert min(spread) >= 15
        few = await come(*[700] * 3)
        assert sorted(few) == [0, 3], "there is room"
        hot = await come(*[700] * 60)
        assert min(hot) > 0, "it spilled over"
        total = proxy.sockets()
        assert max(total) <= ceil(1.25 * sum(total) / 2)


# ---- Strangers -----------------------------------------------------------------------------------


async def begun(door: Door, count: int, claims: Claims) -> list[int]:
    """What so many new sessions are answered to somebody who claims that in their headers: the
    claims of each turn."""
    async with api(door) as http:
        calls = (http.post("/api/session/create", headers=claims(turn)) for turn in range(count))
        return [(await call).status_code for call in calls]


async def expect_limit(door: Door, claims: Claims) -> None:
    """Exactly as many begin without a price as one address may."""
    answers = await begun(door, SESSIONS + 20, claims)
    assert {*answers} == {201, 428}
    assert answers.count(201) == SESSIONS


@EACH
async def test_an_address_that_a_stranger_claims_is_nobodys(
    proxied: ProxiedServers, proxy: Proxy, kind: str
) -> None:
    """The app itself believes it, as of a proxy; through a proxy it is not what counts."""
    address = f"203.0.113.{[*KINDS].index(kind)}"

    def spoofed(_: int) -> dict[str, str]:
        return {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}

    await expect_limit(proxied.first, spoofed)
    assert await begun(proxy, 5, spoofed) == [201] * 5


@pytest.mark.parametrize("kind", [Nginx, HAProxy])
async def test_behind_cloudflare_a_visitor_counts_by_their_own_address_and_nobody_comes_past_it(
    proxied: ProxiedServers, kind: type[Proxy]
) -> None:
    visitor = f"198.51.100.{[Nginx, HAProxy].index(kind)}"
    with closing(kind([proxied.first, proxied.second], cloudflare="127.0.0.1/32")) as proxy:
        proxy.start()

        def claims(turn: int) -> dict[str, str]:
            return {"CF-Connecting-IP": visitor, "X-Forwarded-For": f"192.0.2.{turn}"}

        await expect_limit(proxy, claims)
        here, elsewhere = (("127.0.0.1", proxy.port), ("127.0.0.2", 0))
        with (
            socket.create_connection(here, WAIT_S, source_address=elsewhere) as plain,
            proxy.tls.wrap_socket(plain, server_hostname="localhost") as found,
        ):
            found.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with awaiting("the proxy hangs up"):
                assert found.recv(1024) == b""


@pytest.mark.parametrize("found", ["", "<html>Just a moment</html>", "10.0.0.0/8\nnonsense"])
def test_what_is_no_list_of_networks_changes_nothing(tmp_path: Path, found: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        write_networks(found, tmp_path)
    assert [*tmp_path.iterdir()] == []


# ---- What goes wrong -----------------------------------------------------------------------------


async def test_a_process_that_dies_costs_nobody_a_call(proxied: ProxiedServers) -> None:
    try:
        proxied.second.kill()
        for kind, proxy in proxied.proxies.items():
            async with api(proxy) as http:
                for turn in range(6):
                    assert (await http.get("/privacy")).status_code == 200
                    made = await http.post("/api/session/create", json={})
                    async with deadline("Caddy asks how the process is"):
                        while kind == "caddy" and made.status_code == 503:
                            # Caddy 2.6 cannot send a body twice, until it asked how the process is.
                            assert made.json()["code"] == "try-later"
                            made = await http.post("/api/session/create", json={})
                    assert made.status_code == 201, f"{kind} {turn} {proxy.log()}"
                    headers = bearer_of(made.json()["session_id"])
                    async with opened_at(proxy, f"/ws?near={turn}", headers, [JSON]) as found:
                        assert await Tab(found).closed() == 4409, "the app itself answers"
    finally:
        proxied.second.start()


@pytest.mark.parametrize("kind", KINDS.values())
async def test_where_no_process_answers_a_proxy_says_so_as_the_app_would(
    kind: type[Proxy],
) -> None:
    with closing(kind([])) as proxy:
        proxy.apps = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        proxy.healthy = HTTPStatus.SERVICE_UNAVAILABLE
        proxy.start()
        async with api(proxy) as http:
            answer = await http.post("/api/session/create")
            told = Refused("try-later", retry_after=2)
            assert (answer.status_code, answer.json()) == (503, told.fields())
            assert answer.headers["retry-after"] == "2"


@EACH
async def test_a_log_holds_no_address_no_key_and_nothing_of_a_query(
    proxied: ProxiedServers, proxy: Proxy
) -> None:
    async with person(proxy, *elsewhere(), 500, "alice", near=777, since=1) as alice:
        referer = {"Referer": f"{proxy.url}/?q=whispered"}
        await alice.http.get("/api/messages", params={"before": "murmured"}, headers=referer)
        await alice.http.get("/hummed/52.52,13.4")
        await alice.http.get("/static/js/near.js?q=muttered")
    with socket.create_connection(("127.0.0.1", proxy.port), WAIT_S) as broken:
        broken.sendall(b"GET /?q=mumbled HTTP/1.1\r\n\r\n")
        with awaiting("the proxy hangs up"):
            until(lambda: not broken.recv(1024), "the proxy hangs up", pause=lambda: None)
    log = proxy.log()
    assert log, "it is really read"
    ours = {f"127.0.0.1:{server.port}" for server in (proxied.first, proxied.second)}
    assert {*re.findall(r"\d+\.\d+\.\d+\.\d+(?::\d+)?|::1", log)} <= ours
    said = ("near=", "whispered", "murmured", "hummed", "muttered", "mumbled", alice.key)
    assert [word for word in said if word in log] == []
