"""Who is banned is told and gone everywhere at once, and comes back on no other session; nobody
else notices but by a slow start of new visits from that address."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from neartalk.limits import RULES
from neartalk.records import ROUND_S
from tests.support.client import api, bearer_of, elsewhere, listening, north, person
from tests.support.deployments import deploy
from tests.support.html_elements import parse
from tests.support.http_connections import ConnectionPool
from tests.support.waiting import WAIT_S, deadline
from tests.voice.speakers import at_signal, speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.client import Frame, Spot, Tab
    from tests.support.deployments import Deployment
    from tests.support.html_elements import Element
    from tests.support.servers import Server

CREATE = "/api/session/create"
WORDS = "You are banned. Reason: Harassment. It ends on "
WHERE = "safety@example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Whatever a page calls for a session that it has.
NOBODY = {"person_id": "0" * 16}
CALLS: tuple[tuple[str, str, dict[str, str] | None], ...] = (
    ("GET", "/api/nearby", None),
    ("GET", "/api/messages", None),
    ("GET", "/api/voice/ice", None),
    ("POST", "/api/session/create", {}),
    ("PATCH", "/api/session/username", {"username": "Alice"}),
    ("POST", "/api/session/leave", {}),
    ("POST", "/api/location/update", {"lat": "1", "lon": "1", "radius": "500"}),
    ("POST", "/api/block", NOBODY),
    ("POST", "/api/unblock", NOBODY),
    ("POST", "/api/report", {**NOBODY, "reason": "harassment"}),
)
BAN = ("--for", "2h", "--reason", "harassment")
_addresses = (f"198.51.100.{last}" for last in itertools.count(1))


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    # Tests look again and again whether a notice is there.
    off = "place.move,place.travel,socket.session,session.call,chat.send,chat.new"
    with deploy(OBJECTIONS=WHERE, RATE_LIMITS_OFF=off) as found:
        yield found


class BrowserSession:
    """A browser on the page."""

    def __init__(self, server: Server, http: httpx.AsyncClient, tab: Tab, welcome: Frame) -> None:
        self.server, self.http, self.tab = server, http, tab
        self.person_id = str(welcome["person_id"])

    @property
    def device(self) -> str:
        return str(self.http.cookies["device"])


@asynccontextmanager
async def browser(server: Server, address: str, **cookies: str) -> AsyncIterator[httpx.AsyncClient]:
    """On the welcome page."""
    headers = {"HX-Request": "true", "Origin": server.url, "X-Forwarded-For": address}
    async with api(server, headers=headers, cookies=cookies) as http:
        await http.get("/")
        http.headers["X-CSRFToken"] = http.cookies["csrftoken"]
        yield http


@asynccontextmanager
async def browser_session(
    server: Server, address: str, spot: Spot, **cookies: str
) -> AsyncIterator[BrowserSession]:
    async with browser(server, address, **cookies) as http:
        assert (await http.post(CREATE)).status_code == 201
        for name in cookies:
            http.cookies.delete(name, domain="")  # a browser has one of a name
        where = {"lat": str(spot[0]), "lon": str(spot[1]), "radius": "500"}
        assert (await http.post("/api/location/update", data=where)).status_code == 200
        async with listening(server, own(http), html=True) as tab:
            yield BrowserSession(server, http, tab, await tab.expect("welcome"))


def own(http: httpx.AsyncClient) -> dict[str, str]:
    """What a socket of this browser sends."""
    cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    return {"Cookie": cookies, "Origin": http.headers["Origin"], "X-Forwarded-For": "192.0.2.1"}


async def shown_out(tab: Tab) -> Frame:
    """Waits until the socket is told of a ban, and closed for it."""
    found = await tab.expect("error", code="banned")
    assert await tab.closed() == 4411
    return found


async def notice(http: httpx.AsyncClient, *, there: bool) -> Element | None:
    """What the welcome page says of a ban, once it says something, or nothing any more."""
    async with deadline(f"a notice on the welcome page: {there}"):
        while True:
            page = parse((await http.get("/")).text)
            each = (one for element in page for one in element.every("notice"))
            found = next((one for one in each if "data-code" in one.names), None)
            if bool(found) == there:
                return found


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, parse(answer.text)[0]["data-code"]


# ---- Told and gone -------------------------------------------------------------------------------


def test_what_a_process_does_not_know_it_reads_each_second() -> None:
    assert ROUND_S <= 1


async def test_a_ban_ends_every_socket_and_call_in_every_process_and_says_why(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        alice = await enter(speaker(deployment.first, spot, "alice"))
        bob = await enter(speaker(deployment.second, north(spot, 2), "bob"))
        chats = [
            await enter(listening(server, bearer_of(alice.key)))
            for server in (deployment.first, deployment.second)
        ]
        idle = await enter(at_signal(deployment.second, bearer_of(alice.key)))
        other = await enter(listening(deployment.second, bearer_of(bob.key)))
        for one in (alice, bob):
            await one.join()
        await alice.expect_state(bob, "near")
        await bob.expect_state(alice, "near")
        await alice.call(bob)
        await other.people("alice")

        assert "is banned until" in deployment.manage("ban", alice.person_id, *BAN)
        for tab in (alice, *chats, idle):
            told = await shown_out(tab)
            assert told["message"].startswith(WORDS)
            assert told["message"].endswith(f"To object: {WHERE}")
            assert not [frame for frame in tab.aside if frame.get("code") == "left"]
        ended = await bob.expect("voice.end")
        assert (ended["from"], ended["reason"]) == (alice.person_id, "session")
        await bob.expect_state(alice, None)
        await other.people()

        for server in (deployment.first, deployment.second):
            await shown_out(await enter(listening(server, bearer_of(alice.key))))
            async with api(server, headers=bearer_of(alice.key)) as http:
                answer = await http.get("/api/messages")
                assert (answer.status_code, answer.json()["code"]) == (403, "banned")
        await other.send_text("still here")


async def test_whoever_calls_only_over_http_is_gone_from_the_lists_too(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with person(deployment.first, *spot, 500, "bob") as bob, api(deployment.second) as http:
        made = (await http.post(CREATE, json={"username": "alice"})).json()
        http.headers.update(bearer_of(made["session_id"]))
        where = {"lat": spot[0], "lon": spot[1], "radius": 500}
        await http.post("/api/location/update", json=where)
        await bob.people("alice")
        deployment.manage("ban", made["person_id"], *BAN)
        await bob.people()


# ---- The device, and its neighbours --------------------------------------------------------------


async def test_a_banned_device_stays_out_and_another_behind_its_address_chats_on(
    deployment: Deployment,
) -> None:
    spot, address = elsewhere(), next(_addresses)
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(browser_session(deployment.first, address, spot))
        bob = await stack.enter_async_context(
            browser_session(deployment.second, address, north(spot, 2))
        )
        twin = await stack.enter_async_context(
            browser_session(deployment.second, address, spot, device=alice.device)
        )
        deployment.manage("ban", alice.person_id, *BAN)
        told = await shown_out(alice.tab)
        assert (await shown_out(twin.tab))["message"] == told["message"]
        assert told["html"].children[0]["data-objections"] == f"mailto:{WHERE}"

        # With the session they had: each page says so or leads to where it is said, each call too.
        found = await notice(alice.http, there=True)
        assert found
        assert found.only("notice-words").text.startswith(WORDS)
        near = await alice.http.get("/near")
        assert (near.status_code, near.headers["location"]) == (302, "/")
        assert f"mailto:{WHERE}" in (await alice.http.get("/rules")).text
        assert (await alice.http.get("/privacy")).status_code == 200
        for method, path, data in CALLS:
            answer = await alice.http.request(method, path, data=data)
            assert code(answer) == (403, "banned"), path

        # In either process, with or without the session, as a page or as a program.
        del alice.http.cookies["neartalk"]
        for server in (deployment.first, deployment.second):
            async with browser(server, address, device=alice.device) as again:
                found = await notice(again, there=True)
                assert found
                assert found.only("notice-words").text.startswith(WORDS)
                assert code(await again.post(CREATE)) == (403, "banned")
            async with api(server, cookies={"device": alice.device}) as program:
                answer = await program.post(CREATE)
                assert (answer.status_code, answer.json()["code"]) == (403, "banned")

        assert [row["device"] for row in deployment.listed(alice.person_id)] == [True]
        await bob.tab.send_text("I go on")
        async with browser_session(deployment.second, address, spot) as charlie:
            await charlie.tab.send_text("and I come")


async def test_clearing_cookies_after_a_ban_costs_work(deployment: Deployment) -> None:
    spot, address = elsewhere(), next(_addresses)
    async with browser_session(deployment.first, address, spot) as alice:
        deployment.manage("ban", alice.person_id, *BAN)
        await shown_out(alice.tab)
        for server in (deployment.first, deployment.second):
            async with browser(server, address, device=alice.device) as http:
                await notice(http, there=True)  # it knows what she came from
    answers = []
    for server in (deployment.first, deployment.second, deployment.first):
        async with browser(server, address) as http:
            answers.append(await http.post(CREATE))
    assert answers[0].status_code == 201
    for answer in answers[1:]:
        assert code(answer) == (428, "work-needed")
    async with browser(deployment.first, next(_addresses)) as http:
        assert (await http.post(CREATE)).status_code == 201
        assert (await http.post(CREATE)).status_code == 201


@asynccontextmanager
async def callers(deployment: Deployment, address: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each process, for many calls at once."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=server.url,
                    # On a slow machine fifty wait for each other.
                    timeout=5 * WAIT_S,
                    transport=ConnectionPool(50),
                    headers={"X-Forwarded-For": address},
                )
            )
            for server in (deployment.first, deployment.second)
        ]


async def test_of_1000_visits_at_once_from_where_somebody_is_banned_one_begins(
    deployment: Deployment,
) -> None:
    spot, address = elsewhere(), next(_addresses)
    async with browser_session(deployment.first, address, spot) as alice:
        deployment.manage("ban", alice.person_id, *BAN)
        await shown_out(alice.tab)
        for server in (deployment.first, deployment.second):
            async with browser(server, address, device=alice.device) as http:
                await notice(http, there=True)  # it knows what she came from
    async with callers(deployment, address) as clients:
        by_turns = itertools.islice(itertools.cycle(clients), 1000)
        answers = await asyncio.gather(*(client.post(CREATE, json={}) for client in by_turns))
    found = Counter(answer.status_code for answer in answers)
    # Some are asked to come later, since that was a lot at once.
    assert found[201] == 1
    assert found[428] > 0
    assert found[428] + found[429] == 999


async def test_of_200_passwords_at_once_so_many_are_looked_at_as_may_be(
    deployment: Deployment,
) -> None:
    async with callers(deployment, next(_addresses)) as clients:
        for client in clients:
            await client.get("/admin/login/")
        calls = (
            client.post(
                "/admin/login/",
                data={
                    "csrfmiddlewaretoken": client.cookies["csrftoken"],
                    "username": f"nobody-{turn}",
                    "password": "guessed",
                },
            )
            for turn, client in enumerate(itertools.islice(itertools.cycle(clients), 200))
        )
        began = time.monotonic()
        answers = await asyncio.gather(*calls)
    looked_at = Counter(answer.status_code for answer in answers)
    rule = RULES["admin.login"]
    later = (time.monotonic() - began) * 1000 / rule.interval_ms
    assert looked_at[200] in range(rule.burst, rule.burst + int(later) + 2)
    assert looked_at[200] + looked_at[429] == 200


async def test_nobody_else_is_banned_by_a_cookie_that_somebody_made_up(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with browser_session(deployment.first, next(_addresses), spot) as bob:
        digest = hashlib.sha256(bob.device.encode()).hexdigest()
        for forged in (digest, digest[:32].upper(), bob.device + "0", "%00", "x" * 3000):
            async with browser_session(
                deployment.first, next(_addresses), spot, device=forged
            ) as mallory:
                assert mallory.device not in {forged, bob.device}
                assert len(mallory.device) == 32
                deployment.manage("ban", mallory.person_id, *BAN)
                await shown_out(mallory.tab)
            await bob.tab.send_text(f"Good evening, {mallory.person_id}")


async def test_the_number_of_a_device_is_kept_by_the_browser_that_has_one(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with browser_session(deployment.first, next(_addresses), spot) as alice:
        before = alice.device
        answer = await alice.http.post(CREATE)
        assert answer.status_code == 201
        assert f"device={before};" in " ".join(answer.headers.get_list("set-cookie"))
        assert "device" not in (await alice.http.post("/api/session/leave")).headers.get(
            "set-cookie", ""
        )


# ---- The end of it -------------------------------------------------------------------------------


async def test_who_is_unbanned_begins_a_new_visit(deployment: Deployment) -> None:
    async with browser_session(deployment.first, next(_addresses), elsewhere()) as alice:
        deployment.manage("ban", alice.person_id, *BAN)
        await shown_out(alice.tab)
        await notice(alice.http, there=True)
        assert "is over" in deployment.manage("unban", alice.person_id)
        await notice(alice.http, there=False)
        assert code(await alice.http.get("/api/nearby")) == (401, "session-unknown")
        assert (await alice.http.post(CREATE)).status_code == 201
        assert deployment.listed(alice.person_id) == []


async def test_a_ban_that_is_over_by_the_clock_lets_in_again(deployment: Deployment) -> None:
    async with browser_session(deployment.first, next(_addresses), elsewhere()) as alice:
        deployment.manage("ban", alice.person_id, *BAN)
        await shown_out(alice.tab)
        # What the command takes for an end is minutes away: the row says seconds, which nobody has
        # to be shown out within.
        write = (
            "from datetime import timedelta; from django.utils import timezone;"
            "from neartalk.models import Sanction; now = timezone.now();"
            f"rows = Sanction.objects.filter(person_id={alice.person_id!r});"
            "rows.update(until=now + timedelta(seconds=3), changed=now)"
        )
        deployment.manage("shell", "-v", "0", "-c", write)
        await notice(alice.http, there=False)
        assert (await alice.http.post(CREATE)).status_code == 201


# ---- A database that hangs -----------------------------------------------------------------------


async def test_a_database_that_hangs_leaves_bans_in_force_and_chat_going(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        alice = await enter(person(deployment.first, *spot, 500, "alice"))
        bob = await enter(person(deployment.first, *spot, 500, "bob"))
        charlie = await enter(person(deployment.second, *spot, 500, "charlie"))
        deployment.manage("ban", alice.person_id, *BAN)
        await shown_out(alice)
        deployment.postgres.pause()
        try:
            for turn, (one, other) in enumerate(((bob, charlie), (charlie, bob)) * 3):
                message_id = await one.send_text(f"Does it go on? {turn}")
                await other.expect("chat.message", id=message_id)
            answer = await alice.http.get("/api/messages")
            assert (answer.status_code, answer.json()["code"]) == (403, "banned")
            await shown_out(await enter(listening(deployment.first, alice.bearer)))
            async with person(deployment.second, *spot, 500, "dora") as dora:
                await dora.send_text("and I can come")
                dora.server = deployment.first
                async with dora.tab() as tab:
                    await tab.expect("mark")
                    await dora.leave()
                    assert await tab.closed() == 4410
        finally:
            deployment.postgres.resume()
        deployment.manage("ban", charlie.person_id, *BAN)
        await shown_out(charlie)
        await bob.send_text("alone")
