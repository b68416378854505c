"""Counts of reactions are the same for everybody though hints are lost and a process is killed:
real processes, a real Redis."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from bench import delivery
from bench.tally import missing
from bench.town import spot_in, town, until
from chat.devtools import ChatClient, arrive
from chat.history import RedisHistory
from chat.reactions import REACTIONS, counted
from neartalk.devtools import Api
from neartalk.redis import connect
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from bench.town import Town
    from chat.devtools import Visitor
    from chat.reactions import Counts
    from neartalk.devtools import Frame

SPOT = spot_in(0)
# So many times everybody reacts: before the kill, while a process is dead, and once it is back.
ROUNDS = 4


class ReactingClient(ChatClient):
    """`counts` are those of each message as they came last, `asked` the refs of reactions that were
    neither answered nor lost with their connection yet."""

    def __init__(self, person: Visitor, server_urls: Sequence[str]) -> None:
        super().__init__(person, server_urls)
        self.counts: dict[str, Counts] = {}
        self.asked: set[str] = set()
        self.refs = itertools.count()

    def opened(self) -> None:
        super().opened()
        self.asked.clear()

    def receive(self, frame: Frame) -> None:
        super().receive(frame)
        if frame["type"] == "chat.reactions":
            self.counts[frame["id"]] = frame["counts"]
        elif frame["type"] in {"chat.reacted", "error"}:
            self.asked.discard(frame.get("ref", ""))

    def choose(self, message_id: str, reaction: str | None) -> None:
        ref = f"ref-{next(self.refs):08}"
        if self.write("chat.react", id=message_id, reaction=reaction, ref=ref):
            self.asked.add(ref)


class ReactingPeople:
    """People in one spot, at two processes in turn, each of whom said something."""

    def __init__(self, place: Town) -> None:
        self.place = place
        self.rng = random.Random(18)
        self.people: list[ReactingClient] = []

    async def come(self, count: int, first: int = 0) -> None:
        """So many more, the first of them at this process."""
        async with Api(self.place.doors) as api:
            visitors = [await arrive(api, SPOT, 500) for _ in range(count)]
        fresh = [ReactingClient(one, self.place.doors) for one in visitors]
        for turn, one in enumerate(fresh, first):
            one.url_turn = turn
            one.open()
        self.people += fresh
        self.place.pages += fresh
        await seen(lambda: all(one.live for one in fresh), "everybody has arrived")

    async def speak(self) -> None:
        """A line of each, which is acked and shown to all."""
        for one in self.people:
            self.place.said.append(one.send_message(f"line {len(self.place.said)}"))
        await self.place.all_acked(WAIT_S)
        await self.all_shown()

    async def all_shown(self) -> None:
        await seen(lambda: not missing(self.place, self.people), "all is shown to all")

    def react(self) -> None:
        """Everybody who is connected changes what they chose of something that another said."""
        for one in self.people:
            said = self.rng.choice([sent for sent in self.place.said if sent.by != one.person])
            one.choose(said.id, self.rng.choice((None, *REACTIONS)))

    async def react_on(self) -> None:
        """Time after time, as soon as it was answered."""
        for _ in range(ROUNDS):
            self.react()
            await seen(lambda: not any(one.asked for one in self.people), "reactions are answered")

    async def expected(self) -> Mapping[str, Counts]:
        """Of each message, by what Redis holds."""
        client = connect(self.place.redis.url)
        try:
            asked = [(sent.by.place.tile, sent.id) for sent in self.place.said]
            found = await RedisHistory(client).choices(asked)
        finally:
            await client.aclose()
        return {id: counted(each.reactions.values()) for id, each in found.items()}


async def seen(holds: Callable[[], bool], what: str) -> None:
    await until(holds, WAIT_S, what)


def agree(people: Collection[ReactingClient], expected: Mapping[str, Counts]) -> bool:
    return all(one.counts.get(id, {}) == expected[id] for one in people for id in expected)


async def test_counts_agree_everywhere_after_a_process_was_killed_and_hints_were_lost() -> None:
    """A fifth of the hints is dropped all the while, and nobody loads anything anew."""
    async with town({"DRAIN_SECONDS": "1"}, times=8.0) as place:
        crowd = ReactingPeople(place)
        await crowd.come(6)
        await crowd.speak()
        await crowd.react_on()
        theirs = crowd.people[1::2]
        before = [len(one.arrivals) for one in theirs]
        crowd.react()  # some of it dies with the process
        place.servers[1].kill()
        crowd.people = crowd.people[::2]
        await crowd.react_on()
        await seen(
            lambda: all(len(one.arrivals) > many for one, many in zip(theirs, before, strict=True)),
            "whose process was killed are back",
        )
        crowd.people += theirs
        place.servers[1].start()
        await crowd.come(2, first=1)
        await crowd.speak()
        await crowd.react_on()
        expected = await crowd.expected()
        assert sum(map(len, expected.values())) > len(crowd.people)
        await seen(lambda: agree(crowd.people, expected), "counts agree everywhere")
        kept = await delivery.count("reactions", place, [*crowd.people], lists=False)
        assert kept.good, " | ".join(kept.row())
