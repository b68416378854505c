"""Whether a load says what became of it: on a real server, and where things went wrong."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from chat.devtools import ChatClient, Load, Visitor, in_reach, spot_of
from chat.devtools.client import receivers
from chat.devtools.loadtest import spot_of_place
from chat.devtools.people import Sent
from neartalk.devtools import server_urls_of
from presence.geo import apart, cell_at
from presence.values import Place
from tests.support.client import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

HERE, NEXT, FAR = "u33dc0q", "u33dc0r", "u33dbzq"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", RATE_LIMITS_SCALE="1000") as server:
        yield server


def client_at(cell: str, radius_m: int, name: str) -> ChatClient:
    return ChatClient(Visitor(name, name, name, Place(cell, radius_m)), ["http://localhost"])


def three() -> tuple[ChatClient, ChatClient, ChatClient]:
    """Alice and Bob near each other, Dave out of range."""
    return client_at(HERE, 500, "a"), client_at(NEXT, 500, "b"), client_at(FAR, 500, "d")


def loaded(*clients: ChatClient) -> Load:
    """A load whose people have arrived, as far as the counting sees."""
    load = Load(["http://localhost"], len(clients), 1)
    load.clients = [*clients]
    load.receivers = {one.key: receivers(one.person.place, clients) for one in clients}
    return load


def add_sent(load: Load, by: ChatClient, text: str, *, acked: bool = True) -> Sent:
    sent = Sent(text, f"ref-{text}", by.person, 1.0, *(("1-0.a", 1.5) if acked else ()))
    load.sent.append(sent)
    return sent


async def test_a_server_that_keeps_its_promises_is_found_good(server: Server) -> None:
    load = Load([server.url], people=12, places=3)
    try:
        await load.arrive()
        await load.talk(rate=40, seconds=1)
        await load.settle()
        counted = load.tally()
    finally:
        await load.leave()
    assert counted.good
    assert counted.sent == counted.acked == 40
    assert counted.due == counted.shown >= counted.acked
    assert counted.delivery_ms["max"] >= counted.delivery_ms["p50"] > 0


def test_the_command_prints_json_and_refuses_what_is_no_load(server: Server) -> None:
    out = StringIO()
    size = ["--people=4", "--places=2", "--rate=20", "--seconds=0.2"]
    call_command("loadtest", "--json", f"--url={server.url}", *size, stdout=out)
    assert json.loads(out.getvalue())["shown"] >= 4
    for wrong in ("--people=0", "--places=500"):
        with pytest.raises(CommandError, match="above 0"):
            call_command("loadtest", wrong)


def test_who_is_in_range_must_be_shown_it_and_nobody_else() -> None:
    alice, bob, dave = three()
    assert in_reach(alice.person.place, bob.person.place)
    assert receivers(alice.person.place, [alice, bob, dave]) == [alice, bob]


def test_lost_repeated_and_strange_are_each_counted_and_not_good() -> None:
    alice, bob, dave = three()
    load = loaded(alice, bob, dave)
    add_sent(load, alice, "fine")
    alice.shown["fine"] = bob.shown["fine"] = 2.0
    assert load.tally().good
    assert load.tally().due == load.tally().shown == 2

    add_sent(load, alice, "lost")
    alice.shown["lost"] = 2.0
    assert (load.tally().lost, load.tally().good) == (1, False)
    bob.gaps.append(("restarted", 3.0))
    assert (load.tally().lost, load.tally().told, load.tally().good) == (0, 1, True)

    dave.shown["fine"] = 2.0
    dave.past.add("fine")
    assert (load.tally().strange, load.tally().good) == (1, False)
    del dave.shown["fine"]
    bob.twice["fine"] += 1
    assert (load.tally().repeated, load.tally().good) == (1, False)


def test_what_was_said_before_may_come_from_anywhere_in_a_square() -> None:
    """Only without a distance: whoever was there is told one, and hears by cells."""
    alice, erin = client_at("u33dc0s", 700, "a"), client_at("u33dc2t", 700, "e")
    assert not in_reach(alice.person.place, erin.person.place)
    load = loaded(alice, erin)
    add_sent(load, alice, "early")
    alice.shown["early"] = erin.shown["early"] = 2.0
    assert (load.tally().strange, load.tally().good) == (1, False)
    erin.past.add("early")
    assert (load.tally().strange, load.tally().good) == (0, True)


def test_what_nobody_answered_is_not_good() -> None:
    alice = client_at(HERE, 500, "a")
    load = loaded(alice)
    add_sent(load, alice, "kept")
    alice.shown["kept"] = 2.0
    sent = add_sent(load, alice, "pending", acked=False)
    alice.pending[sent.ref] = sent
    assert (load.tally().unanswered, load.tally().good) == (1, False)


@pytest.mark.parametrize("at", [(0.0, 0.0), (52.52, 13.405), (-84.0, 179.9)])
def test_places_of_a_load_are_out_of_each_others_earshot(at: tuple[float, float]) -> None:
    cells = [cell_at(*spot_of_place(at, place)) for place in range(45)]
    assert min(apart(a, b) for a in cells for b in cells if a != b) > 2 * 2000 + 5 * 200
    assert len(set(cells)) == 45


def test_a_place_is_given_in_degrees_or_as_a_geohash() -> None:
    assert cell_at(*spot_of("52.52,13.405")) == cell_at(52.52, 13.405)
    assert cell_at(*spot_of(HERE)) == HERE
    for wrong in ("here", "52.52", "91,0", "1,two", "u33dil0"):
        with pytest.raises(ArgumentTypeError, match="neither"):
            spot_of(wrong)
    assert cell_at(*spot_of("85,10")) == cell_at(*spot_of(cell_at(85, 10))) == cell_at(85, 10)
    for beyond in ("85.0001,10", "-90,0", "upbpbpb", "upbpb"):
        with pytest.raises(ArgumentTypeError, match="beyond 85 degrees, where nobody can be"):
            spot_of(beyond)


def test_a_public_server_is_left_alone_until_somebody_says_it_is_theirs() -> None:
    assert server_urls_of(["http://localhost:8080/near"], owned=False) == ["http://localhost:8080"]
    assert server_urls_of(["https://10.1.2.3"], owned=False) == ["https://10.1.2.3"]
    with pytest.raises(CommandError, match="i-own-this-server"):
        server_urls_of(["http://localhost", "https://1.1.1.1"], owned=False)
    assert server_urls_of(["https://1.1.1.1"], owned=True) == ["https://1.1.1.1"]
    with pytest.raises(CommandError, match="no address"):
        server_urls_of(["localhost:8080"], owned=True)
