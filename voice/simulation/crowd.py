"""People who are not there, and what they do all day: they come, walk, chat, knock at each other,
answer whoever is there, and leave. All of it by the public API.
"""

import asyncio
import math
import random
from collections import Counter, deque
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx

from chat.client import Client, Person, arrive, hears, leave, sent_ms
from neartalk.client import Api, Denied, Frame
from presence.geo import cell_at, centre
from presence.people import Place
from voice.simulation.manners import Manners
from voice.simulation.neighbour import Caller, Neighbour
from voice.simulation.talk import Script, Talk
from voice.simulation.walk import Walk, walks

RADII_M = (300, 500, 500, 700, 1000)
# One in so many is in voice.
CALLERS = 6
# Seconds, most of them from and to.
ARRIVAL_S = 0.05
STEP_S = 1.0
AWAY_S = 2.0
TYPING_S = (2.0, 6.0)
ANSWER_S = (1.5, 4.0)
GREETING_S = (3.0, 7.0)
KNOCK_S = (4.0, 10.0)
FORGET_S = 60.0
# A crowd of N begins to talk about something every so many seconds, divided by the root of N.
TOPIC_S = 110.0
LIFE_MS = 30 * 60_000
SAMPLES = 100_000


class Crowd:
    """`figures` counts what was done and seen, and `denied` calls that were refused, by code.
    `haste` makes all waits shorter. Times of acks, and of deliveries to who stands, are seconds.
    """

    def __init__(
        self,
        doors: Sequence[str],
        people: int,
        spot: tuple[float, float],
        *,
        around_m: float = 600,
        radius_m: int | None = None,
        seed: int | None = None,
        haste: float = 1.0,
    ) -> None:
        self.doors = doors
        self.spot = spot
        self.radius_m = radius_m
        self.haste = haste
        self.chance = random.Random(seed)
        self.walks = walks(self.chance, people, around_m)
        self.talk = Talk(self.chance)
        self.manners = Manners()
        self.neighbours: list[Neighbour] = []
        self.ids: set[str] = set()
        self.listeners: dict[str, list[Neighbour]] = {}  # by the id of what a stranger said
        self.said: dict[tuple[str, str], float] = {}  # who said what when
        self.figures: Counter[str] = Counter()
        self.denied: Counter[str] = Counter()
        self.acks_s: deque[float] = deque(maxlen=SAMPLES)
        self.deliveries_s: deque[float] = deque(maxlen=SAMPLES)
        self.policy = "direct"
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def callers(self) -> list[Caller]:
        return [one.caller for one in self.neighbours if one.caller]

    async def run(self, stop: asyncio.Event) -> None:
        """Until then. Raises Denied, httpx.HTTPError where there is no server to begin with."""
        async with Api(self.doors) as self.api:
            await self.api.call("GET", "/api/health")
            try:
                async with asyncio.TaskGroup() as self.group:
                    for life in (self._come, self._walk, self._chat, self._call, self._forget):
                        self._beside(life())
                    await stop.wait()
                    for task in [*self.tasks]:
                        task.cancel()
            except ExceptionGroup as several:
                raise several.exceptions[0] from several
            finally:
                await asyncio.gather(*(caller.close() for caller in self.callers))
                await leave(self.doors, self.neighbours)

    # ---- Coming and going --------------------------------------------------------------------

    async def _come(self) -> None:
        for turn, walk in enumerate(self.walks):
            neighbour = Neighbour(await self._arrived(walk), self.doors, walk, self)
            neighbour.door = turn
            self.neighbours.append(neighbour)
            neighbour.open()
            if turn == 0:
                answer = await self.api.call("GET", "/api/voice/ice", neighbour.key)
                self.policy = "relay" if answer["relay"] else "direct"
            if turn % CALLERS == 0:
                neighbour.caller = Caller(neighbour, self.doors, self.policy, self)
                neighbour.caller.open()
            await self._pause(ARRIVAL_S)

    async def _arrived(self, walk: Walk) -> Person:
        """Waits as long as it takes."""
        radius_m = self.radius_m or self.chance.choice(RADII_M)
        while True:
            try:
                person = await arrive(self.api, walk.point.degrees(*self.spot), radius_m)
            except Denied as denied:
                await self._wait_for(denied)
            except httpx.HTTPError:
                await self._pause(AWAY_S)
            else:
                self.ids.add(person.person_id)
                return person

    async def _come_back(self, neighbour: Neighbour) -> None:
        """The server began anew and knows nobody any more."""
        neighbour.begin_anew(await self._arrived(neighbour.walk))
        neighbour.moving = False

    # ---- Walking -----------------------------------------------------------------------------

    async def _walk(self) -> None:
        while True:
            await self._pause(STEP_S)
            for walk in self.walks:
                walk.step(STEP_S)
            for neighbour in self.neighbours:
                cell = cell_at(*neighbour.walk.point.degrees(*self.spot))
                if neighbour.moving:
                    continue
                if neighbour.over:
                    neighbour.moving = True
                    self._beside(self._come_back(neighbour))
                elif cell != neighbour.person.place.cell and not neighbour.ended:
                    neighbour.moving = True
                    self._beside(self._move(neighbour, cell))

    async def _move(self, neighbour: Neighbour, cell: str) -> None:
        lat, lon = centre(cell)
        spot = {"lat": lat, "lon": lon, "radius": neighbour.person.place.radius_m}
        try:
            answer = await self.api.call("POST", "/api/location/update", neighbour.key, **spot)
            place = Place(answer["cell"], answer["radius"])
            neighbour.person = neighbour.person._replace(place=place)
            neighbour.moved_s = asyncio.get_running_loop().time()
            self.figures["moves"] += 1
        except Denied as denied:
            await self._wait_for(denied)
        except httpx.HTTPError:
            await self._pause(AWAY_S)
        neighbour.moving = False

    # ---- Chatting ----------------------------------------------------------------------------

    async def _chat(self) -> None:
        every_s = TOPIC_S / math.sqrt(len(self.walks))
        wait_s = ANSWER_S[1]
        while True:
            await self._pause(wait_s)
            wait_s = every_s * self.chance.uniform(0.3, 1.7)
            if free := [one for one in self.neighbours if one.free]:
                self._begin(self.chance.choice(free), free)

    def _begin(self, first: Neighbour, free: Sequence[Neighbour]) -> None:
        near = [
            one for one in free if one is not first and hears(one.person.place, first.person.place)
        ]
        speakers = [first, *self.chance.sample(near, min(2, len(near)))]
        script = self.talk.conversation(len(speakers))
        for one in speakers:
            one.engage(len(script) * TYPING_S[1])
        # Alone, somebody asks and waits for an answer.
        self._beside(self._converse(speakers, script if near else script[:1]))

    async def _converse(self, speakers: Sequence[Neighbour], script: Script) -> None:
        for line in script:
            await self._pause(*TYPING_S)
            self._say(speakers[line.speaker], line.text)

    def _say(self, neighbour: Neighbour, text: str) -> None:
        sent = neighbour.say(text)
        self.said[sent.by.person_id, text] = sent.at_s
        self.figures["sent"] += 1

    def acked(self, seconds: float) -> None:
        self.figures["acked"] += 1
        self.acks_s.append(seconds)

    def heard(self, neighbour: Neighbour, message: Frame) -> None:
        self.figures["shown"] += 1
        person_id, text = message["person_id"], message["text"]
        if person_id in self.ids:
            sent_s = self.said.get((person_id, text))
            if sent_s and neighbour.stood_since(sent_s):
                self.deliveries_s.append(asyncio.get_running_loop().time() - sent_s)
        elif not neighbour.arriving:
            first = message["id"] not in self.listeners
            self.listeners.setdefault(message["id"], []).append(neighbour)
            if first:
                self._beside(self._answer(message))

    def heard_again(self, neighbour: Neighbour, message: Frame) -> None:
        sent_s = self.said.get((message["person_id"], message["text"]))
        if sent_s and neighbour.stood_since(sent_s):
            self.figures["repeated"] += 1

    async def _answer(self, message: Frame) -> None:
        """One of those who heard a stranger answers; who comes by later and reads it does not."""
        await self._pause(*ANSWER_S)
        listeners = [one for one in self.listeners[message["id"]] if one.live]
        if not listeners or not self.manners.may_answer(self._now_ms()):
            return
        one = self.chance.choice([one for one in listeners if one.free] or listeners)
        one.engage(0)
        self._say(one, self.talk.answer(message["text"], message["username"]))
        self.figures["answers"] += 1

    def saw(self, neighbour: Neighbour, people: Sequence[Frame]) -> None:
        for one in people:
            if one["person_id"] not in self.ids and self.manners.meets(one["person_id"]):
                self._beside(self._greet(neighbour, one["person_id"], one["username"]))

    async def _greet(self, neighbour: Neighbour, person_id: str, name: str) -> None:
        await self._pause(*GREETING_S)
        # Some of us were seen before their own session was known here.
        if person_id in self.ids or person_id not in neighbour.people:
            return
        if self.manners.may_greet(self._now_ms()):
            neighbour.engage(0)
            self._say(neighbour, self.talk.greeting(name))
            self.figures["greetings"] += 1

    # ---- Knocking ----------------------------------------------------------------------------

    async def _call(self) -> None:
        """Only at each other: whoever is there would hear nothing."""
        while True:
            await self._pause(*KNOCK_S)
            if not (callers := [one for one in self.callers if one.peers]):
                continue
            caller = self.chance.choice(callers)
            live, near = caller.of_state("live"), self.ids.intersection(caller.of_state("near"))
            if live and self.chance.random() < 0.4:
                caller.write("voice.decline", to=self.chance.choice(live))
                self.figures["calls ended"] += 1
            elif near:
                caller.write("voice.knock", to=self.chance.choice(sorted(near)))
                self.figures["knocks"] += 1

    def knocked(self, caller: Caller, person_id: str) -> None:
        self._beside(self._answer_knock(caller, person_id))

    async def _answer_knock(self, caller: Caller, person_id: str) -> None:
        """Somebody who is there is told no: a yes would be followed by silence."""
        await self._pause(*ANSWER_S)
        if person_id in self.ids and self.chance.random() < 0.75:
            caller.write("voice.accept", to=person_id)
            self.figures["calls"] += 1
            return
        caller.write("voice.decline", to=person_id)
        self.figures["knocks declined"] += 1
        if person_id not in self.ids and self.manners.may_answer(self._now_ms()):
            self._say(caller.neighbour, self.talk.no_voice())

    # ---- Steps -------------------------------------------------------------------------------

    async def _forget(self) -> None:
        """What lives no more: a crowd may stand for days."""
        while True:
            await self._pause(FORGET_S)
            now_s = asyncio.get_running_loop().time()
            late = [key for key, sent_s in self.said.items() if now_s - sent_s > FORGET_S]
            for key in late:
                del self.said[key]
            oldest_ms = max(int(one.mark or 0) for one in self.neighbours) - LIFE_MS
            for neighbour in self.neighbours:
                neighbour.forget(oldest_ms)
            for message_id in [one for one in self.listeners if sent_ms(one) < oldest_ms]:
                del self.listeners[message_id]

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.group.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _pause(self, least_s: float, most_s: float | None = None) -> None:
        await asyncio.sleep(self.chance.uniform(least_s, most_s or least_s) / self.haste)

    async def _wait_for(self, denied: Denied) -> None:
        """Raises it where waiting does not help."""
        self.denied[denied.code] += 1
        if denied.retry_after:
            await asyncio.sleep(denied.retry_after)
        elif denied.code not in {"session-unknown", "left"}:
            raise denied

    def _now_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    # ---- What became of it -------------------------------------------------------------------

    def refusals(self) -> dict[str, int]:
        """Refusals and closes by code, of calls and on every socket."""
        lines: list[Client | Caller] = [*self.neighbours, *self.callers]
        return dict(sum((line.codes for line in lines), self.denied.copy()))
