"""A conversation over /ws, on both servers: who hears what, in which order, and how often."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import pytest
from websockets.typing import Subprotocol

from tests.support.client import Tab, api, elsewhere, new_ref, north, opened_at, person, running
from tests.support.html_elements import parse
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson, Spot
    from tests.support.servers import Server

NEAR, FAR = 2, 20  # cells: 300 m, 3 km


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param, RATE_LIMITS_SCALE="1000") as running_server:
        yield running_server


@pytest.fixture
def spot() -> Spot:
    return elsewhere()


# ---- Who hears --------------------------------------------------------------------------------


async def test_people_300_m_apart_hear_each_other_and_one_3_km_away_nothing(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        person(server, *north(spot, FAR), 2000, "charlie") as charlie,
    ):
        await alice.send_text("Anyone here?")
        heard = await bob.expect("chat.message")
        assert (heard["username"], heard["text"]) == ("alice", "Anyone here?")
        assert (heard["person_id"], heard["distance"]) == (alice.person_id, "~300 m")
        assert heard["expires_at"] - heard["sent_at"] == 30 * 60 * 1000

        await bob.send_text("I am")
        answer = await alice.expect("chat.message", person_id=bob.person_id)
        assert (answer["text"], answer["distance"]) == ("I am", "~300 m")
        await charlie.silent("chat.message", "error")


async def test_a_frame_names_nobodys_place(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Anyone here?")
        await bob.people("alice")
        await bob.expect("chat.message")
        allowed = {
            "welcome": {
                *("type", "protocol", "person_id", "username"),
                *("epoch", "now", "limits"),
            },
            "mark": {"type", "mark"},
            "people": {"type", "version", "count", "people"},
            "people.changed": {"type", "version", "count", "came", "left", "changed"},
            "chat.message": {
                *("type", "id", "person_id", "username"),
                *("text", "distance", "metres", "sent_at", "expires_at"),
            },
        }
        await alice.rename("alicia")
        listing = await bob.people("alicia")
        assert {frame["type"]: {*frame} for frame in bob.seen} == allowed
        (listed,) = listing["people"]
        assert listed == {
            **{"person_id": alice.person_id, "username": "alicia"},
            **{"distance": "~300 m", "metres": 300},
        }


@pytest.mark.parametrize("html", [False, True])
async def test_who_missed_a_change_of_people_asks_for_the_list_as_it_is(
    server: Server, spot: Spot, html: bool
) -> None:
    async with (
        person(server, *spot, 500, "alice", html=html) as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.people("bob")
        version = alice.listing.version
        await alice.send("people")
        listing = await alice.expect("people")
        assert (listing["version"], listing["count"]) == (version, 1)
        assert [one["username"] for one in listing["people"]] == ["bob"]
        await bob.rename("ben")
        changed = await alice.expect("people.changed", version=version + 1)
        assert alice.listing.apply(changed)
        assert alice.listing.names == ["ben"]


async def test_the_shorter_reach_of_the_two_decides(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 2000, "alice") as alice,
        person(server, *north(spot, NEAR), 100, "bob") as bob,
    ):
        await alice.send_text("I reach you")
        await bob.send_text("But I not you")
        await alice.expect("chat.message", text="I reach you")
        await alice.silent()
        await bob.expect("chat.message", text="But I not you")
        await bob.silent()
        assert (await alice.expect("people"))["count"] == 0


async def test_people_in_one_cell_are_right_around_each_other(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 100, "alice") as alice,
        person(server, *spot, 100, "bob") as bob,
    ):
        await alice.send_text("Hello")
        assert (await bob.expect("chat.message"))["distance"] == "right around you"


async def test_what_comes_in_a_burst_arrives_whole_and_in_order(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        person(server, *north(spot, NEAR), 500, "bea", html=True) as bea,
    ):
        said = [f"message {number}" for number in range(50)]
        for text in said:
            await alice.send("chat.send", text=text, ref=new_ref())
        for reader in (bob, bea):
            await reader.expect("chat.message", text=said[-1])
        assert [*await bob.texts(), said[-1]] == [*await bea.texts(), said[-1]] == said
        assert len(bob.raw) < len(bob.seen), "some of them left together"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["neartalk.v1.json"], "neartalk.v1.json"),
        (["neartalk.json"], "neartalk.json"),
        (["neartalk.json", "neartalk.v1.json"], "neartalk.v1.json"),
        (["another", "neartalk.json"], "neartalk.json"),
    ],
)
async def test_both_sockets_speak_json_by_each_of_its_names(
    server: Server, spot: Spot, offered: list[str], chosen: str
) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        for path in ("/ws", "/signal"):
            names = [*map(Subprotocol, offered)]
            async with opened_at(server, path, alice.bearer, names) as socket:
                assert socket.subprotocol == chosen
                tab = Tab(socket)
                if path == "/ws":
                    assert (await tab.expect("welcome"))["protocol"] == 1
                async with deadline(f"a pong at {path}"):
                    while not any(frame["type"] == "pong" for frame in tab.seen):
                        await tab.send("ping")
                        await tab._receive()


# ---- Sending ----------------------------------------------------------------------------------


async def test_the_ack_comes_before_ones_own_copy_and_names_the_same_id(
    server: Server, spot: Spot
) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        ref = new_ref()
        said = await alice.send_text("Anyone here?", ref)
        copy = await alice.expect("chat.message")
        assert copy["id"] == said
        order = [frame["type"] for frame in alice.seen if frame.get("id") == said]
        assert order == ["chat.ack", "chat.message"]


async def test_a_resent_message_is_acked_with_the_same_id_and_shown_once(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        ref = new_ref()
        said = await alice.send_text("Anyone here?", ref)
        async with alice.tab() as reopened:
            assert await reopened.send_text("Anyone here?", ref) == said
        assert await alice.send_text("Anyone here?", ref) == said
        assert await bob.texts() == ["Anyone here?"]
        assert len(await bob.messages()) == 1


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_too_fast_says_when_to_try_again_and_whose_message_it_was(
    serve: Serve, spot: Spot, kind: Literal["uvicorn", "daphne"]
) -> None:
    server = serve(kind)
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        first = new_ref()
        said = await alice.send_text("one", first)
        await alice.send_text("two")
        await alice.send_text("three")
        refused = new_ref()
        await alice.send("chat.send", text="four", ref=refused)
        error = await alice.expect("error")
        assert (error["code"], error["ref"]) == ("too-fast", refused)
        assert 1 <= error["retry_after"] <= 6
        assert str(error["retry_after"]) in error["message"]
        assert await alice.send_text("one", first) == said, "a known ref is never too fast"
        assert await bob.texts() == ["one", "two", "three"]
        assert await bob.send_text("My own allowance is whole")


async def test_a_message_keeps_the_name_it_was_sent_under(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Before")
        await alice.rename("alma")
        assert (await alice.expect("welcome"))["username"] == "alma"
        await alice.send_text("After")
        for reader in (bob, alice):
            assert (await reader.expect("chat.message", text="Before"))["username"] == "alice"
            assert (await reader.expect("chat.message", text="After"))["username"] == "alma"
        await bob.people("alma")
        async with person(server, *spot, 500, "charlie") as charlie:
            names = {message["text"]: message["username"] for message in await charlie.messages()}
            assert names == {"Before": "alice", "After": "alma"}


# ---- Taking back ------------------------------------------------------------------------------


async def test_a_message_taken_back_is_gone_everywhere(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
        alice.tab() as other_tab,
    ):
        await other_tab.expect("mark")
        kept, taken = await alice.send_text("Stays"), await alice.send_text("Goes")
        await alice.send("chat.remove", id=taken)
        for reader in (alice, other_tab, bob):
            await reader.expect("chat.message", id=taken)
            assert (await reader.expect("chat.gone"))["ids"] == [taken]
        assert [message["id"] for message in await bob.messages()] == [kept]
        async with bob.tab() as newcomer:
            await newcomer.expect("mark")
            assert await newcomer.texts() == ["Stays"]
        await charlie.silent()


async def test_only_ones_own_message_can_be_taken_back_and_the_second_time_is_a_yes_too(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        said = await alice.send_text("Mine")
        await bob.send("chat.remove", id=said)
        assert (await bob.expect("error"))["code"] == "not-found"
        await alice.silent("chat.gone")
        for _ in range(2):
            ref = new_ref()
            await alice.send("chat.remove", id=said, ref=ref)
            assert (await alice.expect("chat.ack", ref=ref))["id"] == said
            await alice.expect("chat.gone", ids=[said])
        await alice.send("chat.remove", id=said)
        await alice.expect("chat.gone", ids=[said])
        await alice.silent("error", "chat.ack", "chat.gone")
        await bob.expect("chat.gone", ids=[said])
        await bob.send("chat.remove", id=said)
        assert (await bob.expect("error"))["code"] == "not-found"
        await bob.silent("chat.gone")


# ---- Arriving and coming back -----------------------------------------------------------------


async def mark_after(reader: ConnectedPerson, sent_at: int) -> int:
    """A mark of a later millisecond: resuming at the same one shows the message again."""
    mark = sent_at
    async with deadline(f"a mark after {sent_at}"):
        while mark <= sent_at:
            async with reader.tab() as tab:
                mark = (await tab.expect("mark"))["mark"]
    return mark


async def test_who_arrives_is_shown_what_is_in_range_oldest_first(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 3), 500, "bob") as bob,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
    ):
        for number in range(3):
            await alice.send_text(f"alice {number}")
            await charlie.send_text(f"charlie {number}")
            await bob.send_text(f"bob {number}")
        async with person(server, *north(spot, 1), 500, "dora") as dora:
            shown = [frame for frame in dora.seen if frame["type"] == "chat.message"]
            times = [message["sent_at"] for message in shown]
            assert times == sorted(times)
            # Two tiles may give the same millisecond; within one tile the order is that of saying.
            for name in ("alice", "bob"):
                said = [one["text"] for one in shown if one["username"] == name]
                assert said == [f"{name} {number}" for number in range(3)]
            assert len(shown) == 6
            assert {message["distance"] for message in shown} == {"earlier, near here"}
            assert {message["metres"] for message in shown} == {None}
            kinds = [frame["type"] for frame in dora.seen]
            assert kinds[0] == "welcome"
            assert kinds.index("people") < kinds.index("chat.message") < kinds.index("mark")
            listed = [{**message, "type": "chat.message"} for message in await dora.messages()]
            assert listed == shown
            await alice.send_text("And on")
            await dora.expect("chat.message", text="And on")


async def test_who_comes_back_is_shown_exactly_what_was_missed(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        seen_then_gone = await alice.send_text("Seen, then gone")
        await alice.send_text("Seen")
        seen = await bob.expect("chat.message", text="Seen")
        mark = await mark_after(bob, seen["sent_at"])
        await bob.socket.close()

        await alice.send_text("Missed")
        await alice.send("chat.remove", id=await alice.send_text("Missed, then gone"))
        await alice.send("chat.remove", id=seen_then_gone)
        await alice.expect("chat.gone", ids=[seen_then_gone])
        async with bob.tab(since=mark, epoch=bob.welcome["epoch"]) as back:
            await back.expect("mark")
            assert await back.texts() == ["Missed"]
            gone = (await back.expect("chat.gone"))["ids"]
            assert seen_then_gone in gone
            await back.silent("gap", "error")
            await alice.send_text("And on")
            await back.expect("chat.message", text="And on")
            await back.silent()


async def test_who_moved_while_away_is_shown_all_that_is_in_range_now(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Here")
        await charlie.send_text("There, before the mark")
        there = await charlie.expect("chat.message")
        mark = await mark_after(bob, there["sent_at"])
        await bob.socket.close()
        await bob.move(*north(spot, FAR), 500)
        async with bob.tab(since=mark, epoch=bob.welcome["epoch"]) as back:
            await back.expect("mark")
            assert await back.texts() == ["There, before the mark"]


@pytest.mark.parametrize(
    ("since", "epoch", "reason"),
    [
        ("nonsense", "{epoch}", "unknown-mark"),
        ("999999999999999", "{epoch}", "unknown-mark"),
        ("-1", "{epoch}", "unknown-mark"),
        ("1e3", "{epoch}", "unknown-mark"),
        ("١٢٣", "{epoch}", "unknown-mark"),
        ("9" * 400, "{epoch}", "unknown-mark"),
        ("{mark}", "", "unknown-mark"),
        ("{mark}", "another", "restarted"),
    ],
)
async def test_a_mark_that_is_none_is_said_and_the_newest_follow(
    server: Server, spot: Spot, since: str, epoch: str, reason: str
) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        await alice.send_text("Still alive")
        since = since.format(mark=alice.mark)
        epoch = epoch.format(epoch=alice.welcome["epoch"])
        async with alice.tab(since=since, epoch=epoch) as back:
            assert (await back.expect("gap"))["reason"] == reason
            assert (await back.expect("welcome"))["epoch"] == alice.welcome["epoch"]
            assert (await back.expect("chat.message"))["text"] == "Still alive"


# ---- Moving -----------------------------------------------------------------------------------


async def test_who_reaches_less_far_disappears_and_loses_sight_alike(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await asyncio.gather(alice.people("bob"), bob.people("alice"))
        assert (await alice.move(*spot, 100))["in_range"] == 0
        await asyncio.gather(alice.people(), bob.people())
        await alice.send_text("Alone")
        await bob.send_text("Alone too")
        await alice.expect("chat.message", text="Alone")
        await bob.expect("chat.message", text="Alone too")
        await alice.silent()
        await bob.silent()
        assert (await alice.move(*spot, 500))["in_range"] == 1
        await alice.people("bob")
        await bob.people("alice")


async def test_who_reaches_further_is_shown_what_is_new_in_range_and_no_more(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 2000, "alice") as alice,
        person(server, *north(spot, 10), 2000, "charlie") as charlie,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Near")
        await charlie.send_text("Further")
        await bob.expect("chat.message", text="Near")
        await bob.silent()
        await bob.move(*north(spot, NEAR), 2000)
        assert (await bob.expect("chat.message"))["text"] == "Further"
        await bob.silent()
        await alice.send_text("And on")
        assert await bob.texts() == ["And on"]


async def test_who_walks_is_shown_what_is_there_and_repeated_nothing(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Where you come from")
        await charlie.send_text("Where you go")
        await bob.expect("chat.message", text="Where you come from")
        await bob.move(*north(spot, 1), 500)
        await bob.expect("mark")
        await bob.silent()
        await bob.move(*north(spot, FAR + 1), 500)
        assert (await bob.expect("chat.message"))["text"] == "Where you go"
        await bob.silent()
        await alice.send_text("You are gone")
        await charlie.send_text("You are here")
        assert await bob.texts() == ["You are here"]
        await asyncio.gather(alice.people(), charlie.people("bob"), bob.people("charlie"))


# ---- Tabs and leaving -------------------------------------------------------------------------


async def test_two_tabs_are_one_person_and_both_hear_everything(server: Server, spot: Spot) -> None:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(person(server, *spot, 500, "alice"))
        bob = await stack.enter_async_context(person(server, *north(spot, NEAR), 500, "bob"))
        tab = await stack.enter_async_context(alice.tab())
        await tab.expect("mark")
        await bob.people("alice")
        assert (await tab.expect("people"))["count"] == 1
        await tab.send_text("From the second")
        await bob.send_text("To both")
        for socket in (alice, tab):
            assert await socket.texts() == ["From the second", "To both"]
        await tab.socket.close()
        await bob.send_text("To the first")
        await alice.expect("chat.message", text="To the first")
        assert (await bob.http.get("/api/nearby")).json()["count"] == 1


async def test_leaving_closes_every_socket_and_others_see_a_departure(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        alice.tab(html=True) as other_tab,
    ):
        await other_tab.expect("mark")
        await alice.send_text("I said it")
        await bob.people("alice")
        await alice.leave()
        assert await alice.closed() == await other_tab.closed() == 4410
        await bob.people()
        assert await bob.texts() == ["I said it"]
        assert len(await bob.messages()) == 1, "what was said lives on"
        assert (await alice.http.get("/api/nearby")).status_code == 401


# ---- The page's form --------------------------------------------------------------------------

MARKUP = """<img src=x onerror="alert(1)"><script>alert('x')</script>
<div id="people" hx-swap-oob="true" hx-on:click='alert(1)'>&amp; {{ text }}</div>"""


async def test_every_fragment_is_well_formed_and_has_its_place_on_the_page(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice", html=True) as alice,
        person(server, *north(spot, NEAR), 500, "bob", html=True) as bob,
        api(server, cookies={"neartalk": alice.key}) as browser,
    ):
        page = (await browser.get("/near")).text
        assert alice.welcome["person_id"] == alice.person_id
        assert alice.welcome["username"] == "alice"
        said = await alice.send_text("Anyone here?")
        mine, theirs = await alice.expect("chat.message"), await bob.expect("chat.message")
        # One row serves all: the page knows its own by whose it is.
        assert mine["html"].parts == theirs["html"].parts
        assert mine["html"].attributes == {**theirs["html"].attributes, "data-m": "0"}
        assert mine["id"] == theirs["id"] == said
        assert (theirs["username"], theirs["distance"]) == ("alice", "~300 m")
        await bob.people("alice")
        ref = new_ref()
        await alice.send("chat.send", text=" ", ref=ref)
        refused = await alice.expect("error")
        assert (refused["code"], refused["ref"]) == ("message-empty", ref)
        await alice.send("chat.remove", id=said)
        await bob.expect("chat.gone", ids=[said])
        async with alice.tab(html=True, since="nonsense") as back:
            assert "away" in (await back.expect("gap"))["words"]
            await back.expect("mark")
        places = {element.id for raw in (*alice.raw, *bob.raw, *back.raw) for element in parse(raw)}
        assert places >= {"signals", "messages", "refusal", "notices", "people-list"}
        on_page = {element.id for top in parse(page) for element in top.within()}
        assert places <= on_page
        for raw in (*alice.raw, *bob.raw, *back.raw):
            for element in parse(raw):
                assert element["hx-swap-oob"] in {"true", "innerHTML", "beforeend"}


async def test_text_and_names_stay_text_on_the_page(server: Server, spot: Spot) -> None:
    name = "<b id=x>'\"&amp;</b>"
    async with (
        person(server, *spot, 500, name) as alice,
        person(server, *spot, 500, html=True) as bob,
        api(server, cookies={"neartalk": bob.key}) as browser,
    ):
        await alice.send_text(MARKUP)
        heard = await bob.expect("chat.message")
        assert (heard["text"], heard["username"]) == (MARKUP, name)
        assert [part.children for part in heard["html"].children] == [[], [], []]
        await bob.people(name)
        answer = await browser.get("/api/messages", headers={"HX-Request": "true"})
        (row,) = parse(answer.text)
        assert row.children[-1].text == MARKUP
        page = (await browser.get("/near")).text
        assert "<b id=x" not in page
