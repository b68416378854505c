"""The two forms of what /ws sends, JSON and the fragments of a page, on both servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.typing import Subprotocol

from tests.support.client import NEAR, Tab, api, new_ref, north, opened_at, person
from tests.support.html_elements import parse
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from tests.support.client import Spot
    from tests.support.servers import Server


# ---- Both forms ----------------------------------------------------------------------------------


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


async def test_answers_mentions_and_reactions_travel_in_both_forms_and_stand_in_what_is_read(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob", html=True) as bob,
    ):
        await alice.people("bob")
        asked = await alice.send_text("Anyone here?")
        await bob.expect("chat.message", id=asked)
        refers = {"reply_to": asked, "mentions": [alice.person_id]}
        await bob.send("chat.send", text="I am", ref="ref-of-answer", **refers)
        answer = await alice.expect("chat.message", person_id=bob.person_id)
        assert {key: answer[key] for key in refers} == refers
        row = (await bob.expect("chat.message", id=answer["id"]))["html"]
        assert (row["data-re"], row["data-at"]) == (asked, alice.person_id)
        await bob.send("chat.react", id=asked, reaction="love")
        assert (await bob.expect("chat.reacted", id=asked))["reaction"] == "love"
        counts = await alice.expect("chat.reactions", id=asked)
        assert counts["counts"] == {"love": 1}
        assert (await bob.expect("chat.reactions", id=asked))["counts"] == "love:1"
        await alice.send("chat.reactors", id=asked)
        (reactor,) = (await alice.expect("chat.reactors"))["people"]
        assert reactor["person_id"] == bob.person_id
        first, second = await alice.messages()
        assert first["reactions"] == {"love": 1}
        assert not {"reactions", "your_reaction"} & second.keys()
        assert (await bob.messages())[0]["your_reaction"] == "love"
        older = await bob.http.get(f"/api/messages?before={answer['id']}")
        assert older.json()["messages"][0]["reactions"] == {"love": 1}
        rows = await bob.http.get("/api/messages", headers={"HX-Request": "true"})
        assert 'data-r="love:1*"' in rows.text
        async with alice.tab() as later:
            assert (await later.expect("chat.reactions", id=asked))["counts"] == {"love": 1}


# ---- The page's form -----------------------------------------------------------------------------

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
