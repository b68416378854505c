"""A conversation over /ws, on both servers: who hears and sees whom, at once and as people move."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.client import FAR, NEAR, north, person

if TYPE_CHECKING:
    from tests.support.client import Spot
    from tests.support.servers import Server


# ---- Who hears -----------------------------------------------------------------------------------


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


# ---- Moving --------------------------------------------------------------------------------------


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
