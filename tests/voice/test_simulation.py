"""Simulated people: how they walk and write, and what a real person is shown of them."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections import Counter
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from chat.consumers import checked
from chat.devtools import Visitor
from chat.devtools.loadtest import within
from neartalk.text import MESSAGE_MAX
from presence.geo import CELL_DEGREES, apart, cell_at, published_point
from presence.values import Place
from tests.support.client import HERE, bearer_of, opened_at, person, running
from tests.support.waiting import WAIT_S, deadline
from voice.devtools.simulation import Crowd
from voice.devtools.simulation.corpus import ANSWERS, CONVERSATIONS, WORDS
from voice.devtools.simulation.manners import ANSWER_MS, Manners
from voice.devtools.simulation.manners import ANSWERS as ANSWERS_AT_ONCE
from voice.devtools.simulation.movement import Movement
from voice.devtools.simulation.neighbour import SimulatedNeighbour
from voice.devtools.simulation.phrases import SCRIPTS, Phrases
from voice.devtools.simulation.walk import FASTEST, MIDDLE, TOGETHER_M, Follow, Sit, walks
from voice.management.commands.simulate import summary

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from websockets.asyncio.client import ClientConnection

    from tests.support.servers import Server

AROUND_M = 400.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", RATE_LIMITS_SCALE="1000") as server:
        yield server


class StillCrowd:
    """One who has walked to another cell; the server says that it holds in 50 s."""

    def __init__(self, there: str) -> None:
        self.spot, self.there = HERE, there
        self.figures = Counter[str]()
        self.paused: list[float] = []
        self.asked: list[dict[str, Any]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.api, self.later = self, asyncio.Event()

    async def call(self, method: str, path: str, key: str, **body: Any) -> dict[str, Any]:
        self.asked.append(body)
        return {"cell": cell_at(*HERE), "radius": 500, "effective_in": 50}

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        async with deadline("the rest of the walk"):
            await self.later.wait()

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.ensure_future(work))


async def test_who_walks_says_so_once_and_is_there_when_it_holds() -> None:
    there = cell_at(HERE[0] + 2 * CELL_DEGREES, HERE[1])
    crowd = StillCrowd(there)
    me = Visitor("key", "id", "Ada", Place(cell_at(*HERE), 500))
    walk = SimpleNamespace(
        point=SimpleNamespace(degrees=lambda *spot: published_point(there)), step=lambda _: None
    )
    ada = SimulatedNeighbour(me, [], walk, None)  # type: ignore[arg-type]
    movement = Movement(crowd)  # type: ignore[arg-type]
    movement._step(ada)
    await crowd.tasks[0]
    assert (ada.person.place.cell, ada.told_cell) == (cell_at(*HERE), there)
    movement._step(ada)
    crowd.later.set()
    await asyncio.gather(*crowd.tasks)
    assert len(crowd.asked) == 1
    assert sum(crowd.paused) > 50
    assert ada.person.place == Place(there, 500)
    assert not ada.moving


# ---- On foot ---------------------------------------------------------------------------------


def test_people_walk_at_a_walkers_pace_and_stay_around() -> None:
    crowd = walks(random.Random(1), 60, AROUND_M)
    gone = Counter[int]()
    for _ in range(900):
        for turn, walk in enumerate(crowd):
            before = walk.point
            walk.step(1)
            metres = math.dist(before, walk.point)
            assert metres <= FASTEST
            assert math.dist(walk.point, MIDDLE) <= AROUND_M
            gone[turn] += metres > 0
    still = {turn for turn in range(60) if not gone[turn]}
    assert still == {turn for turn, walk in enumerate(crowd) if isinstance(walk, Sit)}
    assert 10 < len(still) < 30
    assert any(0 < gone[turn] < 800 for turn in range(60)), "nobody ever pauses"


def test_who_goes_together_stays_together() -> None:
    crowd = walks(random.Random(1), 100, AROUND_M)
    followers = [walk for walk in crowd if isinstance(walk, Follow)]
    assert followers
    for _ in range(300):
        for walk in crowd:
            walk.step(1)
        for walk in followers:
            assert math.dist(walk.point, walk.leader.point) <= TOGETHER_M + 1e-6


def test_the_same_seed_walks_the_same_way() -> None:
    first, second = ([*walks(random.Random(7), 20, AROUND_M)] for _ in range(2))
    for walk in (*first, *second):
        walk.step(200)
    assert [walk.point for walk in first] == [walk.point for walk in second]


@pytest.mark.parametrize("spot", [HERE, (0.0, 179.999), (-84.9, 0.0)])
def test_metres_are_metres_wherever_the_middle_is(spot: tuple[float, float]) -> None:
    for walk in walks(random.Random(2), 50, AROUND_M):
        assert apart(cell_at(*spot), cell_at(*walk.point.degrees(*spot))) < AROUND_M + 300


def test_nobody_walks_across_85_degrees() -> None:
    for walk in walks(random.Random(2), 50, AROUND_M):
        assert cell_at(*walk.point.degrees(85.0, 10.0))
        assert cell_at(*walk.point.degrees(-85.0, 10.0))


# ---- In words --------------------------------------------------------------------------------


def test_hardly_anything_is_said_twice_while_it_can_be_read() -> None:
    phrases = Phrases(random.Random(3))
    said = [line.text for _ in range(500) for line in phrases.conversation(3)]
    again = sum(text in said[max(0, at - 600) : at] for at, text in enumerate(said))
    assert again <= len(said) // 100


def test_everything_said_is_a_message_the_server_takes() -> None:
    phrases = Phrases(random.Random(4))
    said = [line.text for _ in range(300) for line in phrases.conversation(3)]
    said += [phrases.answer(text, "W" * 24) for text in ("hello", "a bus?", "Are you real?", "so")]
    said += [phrases.greeting("Ana"), phrases.no_voice()]
    for text in said:
        assert checked(text) == text
        assert len(text) <= MESSAGE_MAX // 2
        assert not re.search(r"[\[\]{}|]", text), text


def test_every_sentence_begins_with_a_capital_letter() -> None:
    phrases = Phrases(random.Random(7))
    said = [line.text for _ in range(400) for line in phrases.conversation(4)]
    assert any(re.search(r"[.!?] \w", text) for text in said)
    assert not [text for text in said if re.search(r"(^|[.!?] )[a-z]", text)]


def test_conversations_begin_with_somebody_and_use_words_that_exist() -> None:
    assert len(SCRIPTS) >= 30
    for script in SCRIPTS:
        assert script[0].speaker == 0
        assert {line.speaker for line in script} <= {0, 1, 2}
    texts = [CONVERSATIONS, *(text for _, some in ANSWERS for text in some)]
    used = {word for text in texts for word in re.findall(r"\{(\w+)\}", text)}
    assert used - {"name"} <= WORDS.keys()


def test_who_has_nobody_near_speaks_for_one() -> None:
    phrases = Phrases(random.Random(5))
    assert {line.speaker for _ in range(50) for line in phrases.conversation(1)} == {0}


def test_whoever_asks_is_told_that_nobody_is_there() -> None:
    phrases = Phrases(random.Random(6))
    for question in ("Are you a bot?", "are you REAL people", "is this simulated"):
        assert re.search(r"simulated|None of us is there", phrases.answer(question, "Ana"))


def test_two_crowds_do_not_talk_each_other_hoarse() -> None:
    manners = Manners()
    answered = sum(manners.may_answer(now_ms) for now_ms in range(0, 60_000, 100))
    assert answered <= ANSWERS_AT_ONCE + 60_000 // ANSWER_MS
    assert manners.meets("ana")
    assert not manners.meets("ana")


# ---- For somebody who is there ---------------------------------------------------------------


async def test_somebody_who_is_there_is_greeted_answered_and_told_no_at_the_door(
    server: Server,
) -> None:
    """Thirty people come, talk, knock and move; a newcomer writes and knocks; all leave."""
    crowd = Crowd([server.url], 30, HERE, around_m=150, radius_m=1000, seed=1, haste=20)
    stop = asyncio.Event()
    life = asyncio.create_task(crowd.run(stop))
    async with person(server, *HERE, 1000, "Newcomer") as me:
        assert await within(lambda: sum(one.live for one in crowd.neighbours) == 30, WAIT_S)
        async with deadline("somebody greets the newcomer"):
            while "Newcomer" not in (await me.expect("chat.message"))["text"]:
                pass
        await me.send_text("Does this bus ever come?")
        async with deadline("somebody answers"):
            while not re.search(r"The \d+|The N8|I saw", (await me.expect("chat.message"))["text"]):
                pass
        async with opened_at(server, "/signal", bearer_of(me.key)) as signal:
            assert await declined(signal) in crowd.ids
        assert await within(lambda: all(crowd.figures[what] for what in ("calls", "moves")), WAIT_S)
        stop.set()
        await life
        await me.people()
    figures = crowd.figures
    assert figures["sent"] - figures["acked"] <= 30, "only what was on its way at the end"
    assert figures["shown"] > figures["sent"]
    assert figures["repeated"] == 0
    assert {*crowd.refusals()} <= {"declined", "busy", "out-of-reach"}


async def test_when_a_server_begins_anew_everybody_comes_back_once(server: Server) -> None:
    crowd = Crowd([server.url], 6, HERE, around_m=100, radius_m=1000, seed=2, haste=20)
    stop = asyncio.Event()
    life = asyncio.create_task(crowd.run(stop))

    def all_here() -> bool:
        return sum(one.live for one in crowd.neighbours) == 6

    assert await within(all_here, WAIT_S)
    before = {*crowd.ids}
    await asyncio.to_thread(server.restart)
    assert await within(lambda: len(crowd.ids - before) == 6 and all_here(), WAIT_S)
    connections = [one.connections for one in crowd.neighbours]
    shown = crowd.figures["shown"]
    assert await within(lambda: crowd.figures["shown"] > shown + 6, WAIT_S)
    assert [one.connections for one in crowd.neighbours] == connections
    stop.set()
    await life
    assert crowd.figures["repeated"] == 0


async def declined(signal: ClientConnection) -> str:
    """Knocks at the first who has no open door. Returns who it was, once they declined; they
    must do nothing else."""
    join = {"type": "voice.join", "policy": "direct", "instance": "newcomer"}
    wanted = ""
    async with deadline("who was knocked at declines"):
        await signal.send(json.dumps(join))
        while True:
            frame = json.loads(await signal.recv())
            if frame["type"] == "error":
                assert frame["code"] == "store-unavailable"
                await signal.send(json.dumps(join))
            for one in frame.get("peers", ()):
                if not wanted and one["state"] == "near" and one.get("door") != "open":
                    wanted = one["person_id"]
                    await signal.send(json.dumps({"type": "voice.knock", "to": wanted}))
                if one["person_id"] == wanted and one["state"] == "declined":
                    return wanted
                assert one["state"] in {"near", "knocked"}, "a yes is followed by silence"


def test_the_command_says_where_how_and_what_came_of_it(server: Server) -> None:
    with pytest.raises(CommandError, match=r"neartalk\.place"):
        call_command("simulate")
    with pytest.raises(CommandError, match="radius is 100 to 2000"):
        call_command("simulate", at=HERE, radius=50)
    with pytest.raises(CommandError, match="Nobody answers"):
        call_command("simulate", at=HERE, urls=["http://localhost:1"])
    out = StringIO()
    brief = {"people": 3, "minutes": 0.01, "json": True, "quiet": True}
    call_command("simulate", at=HERE, urls=[server.url], stdout=out, **brief)
    assert json.loads(out.getvalue())["repeated"] == 0


async def test_whoever_comes_through_one_address_after_its_free_sessions_works_for_theirs() -> None:
    with running("uvicorn", RATE_LIMITS_SCALE="0.1", TRUSTED_PROXIES="1") as cafe:
        crowd = Crowd([cafe.url], 4, HERE, haste=20, address="203.0.113.77")
        stop = asyncio.Event()
        task = asyncio.create_task(crowd.run(stop))
        assert await within(lambda: len(crowd.neighbours) == 4, WAIT_S)
        stop.set()
        await task
    assert len(crowd.paid_s) == 1
    assert summary(crowd)["paid"] == 1
    assert summary(crowd)["paid_ms"]["max"] > 0


def test_whoever_simulates_a_cafe_that_is_not_counted_is_told_so(server: Server) -> None:
    out, err = StringIO(), StringIO()
    brief = {"people": 2, "minutes": 0.01, "json": True, "quiet": True, "one_address": True}
    call_command("simulate", at=HERE, urls=[server.url], stdout=out, stderr=err, **brief)
    assert json.loads(out.getvalue())["paid"] == 0
    assert "TRUSTED_PROXIES=1" in err.getvalue()
