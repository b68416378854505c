"""What simulated people write: to each other, and to whoever is real."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat.devtools import Sent, in_reach, sent_ms
from chat.reactions import REACTIONS
from neartalk.devtools import Frame
from voice.devtools.simulation.manners import Manners
from voice.devtools.simulation.neighbour import SimulatedNeighbour
from voice.devtools.simulation.phrases import Phrases, Script

if TYPE_CHECKING:
    from voice.devtools.simulation.crowd import Crowd

# Seconds, most of them from and to.
TYPING_S = (2.0, 6.0)
ANSWER_S = (1.5, 4.0)
GREETING_S = (3.0, 7.0)
# A crowd of N begins a conversation every so many seconds, divided by the root of N.
TOPIC_S = 110.0
# Of what is said in conversations so much answers by id what was said before, and so much mentions
# who said it. Of those who are shown a message so many react, and of those so many change it.
REPLY_SHARE, MENTION_SHARE = 0.4, 0.2
REACT_SHARE, SECOND_THOUGHTS = 0.05, 0.1
# A delivery that takes longer is not timed.
LATE_S = 60.0
SAMPLES = 100_000


class Chatter:
    """Writes messages, and keeps how long (s) acks took, and deliveries to those who stood."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.phrases = Phrases(crowd.chance)
        self.manners = Manners()
        self.listeners: dict[
            str, list[SimulatedNeighbour]
        ] = {}  # by the id of a real person's message
        self.sent: dict[tuple[str, str], float] = {}  # when, by person and text
        self.acks_s: deque[float] = deque(maxlen=SAMPLES)
        self.deliveries_s: deque[float] = deque(maxlen=SAMPLES)

    async def live(self) -> None:
        every_s = TOPIC_S / math.sqrt(len(self.crowd.walks))
        wait_s = ANSWER_S[1]
        while True:
            await self.crowd.pause(wait_s)
            wait_s = every_s * self.crowd.chance.uniform(0.3, 1.7)
            if free := [one for one in self.crowd.neighbours if one.free]:
                self._begin(self.crowd.chance.choice(free), free)

    def _begin(self, first: SimulatedNeighbour, free: Sequence[SimulatedNeighbour]) -> None:
        near = [
            one
            for one in free
            if one is not first and in_reach(one.person.place, first.person.place)
        ]
        speakers = [first, *self.crowd.chance.sample(near, min(2, len(near)))]
        script = self.phrases.conversation(len(speakers))
        for one in speakers:
            one.engage(len(script) * TYPING_S[1])
        # Alone, somebody asks and waits for an answer.
        self.crowd.beside(self._converse(speakers, script if near else script[:1]))

    async def _converse(self, speakers: Sequence[SimulatedNeighbour], script: Script) -> None:
        before: Sent | None = None
        for line in script:
            await self.crowd.pause(*TYPING_S)
            speaker = speakers[line.speaker]
            before = self.send(speaker, line.text, *self._referred(speaker, before))

    def _referred(
        self, speaker: SimulatedNeighbour, before: Sent | None
    ) -> tuple[str, Sequence[str]]:
        """What somebody answers by id of what was said before, as far as they were shown it, and
        whom they mention: now one, now the other."""
        if before is None or before.id not in speaker.ids or before.by is speaker.person:
            return "", ()
        chance = self.crowd.chance.random()
        mentions = [before.by.person_id] if chance < MENTION_SHARE else []
        return before.id if chance > 1 - REPLY_SHARE else "", mentions

    def send(
        self,
        neighbour: SimulatedNeighbour,
        text: str,
        reply_to: str = "",
        mentions: Sequence[str] = (),
    ) -> Sent:
        sent = neighbour.send_message(text, reply_to, mentions)
        self.sent[sent.by.person_id, text] = sent.at_s
        counted = {"sent": 1, "replies": int(bool(reply_to)), "mentions": len(mentions)}
        self.crowd.figures.update(counted)
        return sent

    def acked(self, seconds: float) -> None:
        self.crowd.figures["acked"] += 1
        self.acks_s.append(seconds)

    def shown(self, neighbour: SimulatedNeighbour, message: Frame) -> None:
        self.crowd.figures["shown"] += 1
        person_id, text = message["person_id"], message["text"]
        is_own = person_id == neighbour.person.person_id
        if not neighbour.arriving and not is_own and self.crowd.chance.random() < REACT_SHARE:
            self.crowd.beside(self._react(neighbour, message["id"]))
        if person_id in self.crowd.ids:
            sent_s = self.sent.get((person_id, text))
            if sent_s and neighbour.stood_since(sent_s):
                self.deliveries_s.append(asyncio.get_running_loop().time() - sent_s)
        elif not neighbour.arriving:
            first = message["id"] not in self.listeners
            self.listeners.setdefault(message["id"], []).append(neighbour)
            if first:
                self.crowd.beside(self._answer(message))

    def repeated(self, neighbour: SimulatedNeighbour, message: Frame) -> None:
        sent_s = self.sent.get((message["person_id"], message["text"]))
        if sent_s and neighbour.stood_since(sent_s):
            self.crowd.figures["repeated"] += 1

    async def _react(self, neighbour: SimulatedNeighbour, message_id: str) -> None:
        """Chooses a reaction; now and then another one, or none, a moment later."""
        words: list[str | None] = [self.crowd.chance.choice(REACTIONS)]
        if self.crowd.chance.random() < SECOND_THOUGHTS:
            words.append(self.crowd.chance.choice((*REACTIONS, None)))
        for word in words:
            await self.crowd.pause(*ANSWER_S)
            if neighbour.live:
                neighbour.react(message_id, word)
                self.crowd.figures["reactions"] += 1

    async def _answer(self, message: Frame) -> None:
        """One of those to whom the message was delivered answers; who reads it later does not."""
        await self.crowd.pause(*ANSWER_S)
        listeners = [one for one in self.listeners[message["id"]] if one.live]
        if not listeners or not self.manners.may_answer(now_ms()):
            return
        one = self.crowd.chance.choice([one for one in listeners if one.free] or listeners)
        one.engage(0)
        text = self.phrases.answer(message["text"], message["username"])
        mentions = [message["person_id"]] if self.crowd.chance.random() < MENTION_SHARE else []
        self.send(one, text, message["id"], mentions)
        self.crowd.figures["answers"] += 1

    def listed(self, neighbour: SimulatedNeighbour, people: Sequence[Frame]) -> None:
        for one in people:
            if one["person_id"] not in self.crowd.ids and self.manners.meets(one["person_id"]):
                self.crowd.beside(self._greet(neighbour, one["person_id"], one["username"]))

    async def _greet(self, neighbour: SimulatedNeighbour, person_id: str, name: str) -> None:
        await self.crowd.pause(*GREETING_S)
        # Some of us were seen before their own session was known here.
        if person_id in self.crowd.ids or person_id not in neighbour.people:
            return
        if self.manners.may_greet(now_ms()):
            neighbour.engage(0)
            self.send(neighbour, self.phrases.greeting(name))
            self.crowd.figures["greetings"] += 1

    def excuse(self, neighbour: SimulatedNeighbour) -> None:
        """Writes to somebody whose knock was declined."""
        if self.manners.may_answer(now_ms()):
            self.send(neighbour, self.phrases.no_voice())

    def forget(self, oldest_ms: int) -> None:
        """Forgets what is about messages older than that."""
        now_s = asyncio.get_running_loop().time()
        for key in [key for key, sent_s in self.sent.items() if now_s - sent_s > LATE_S]:
            del self.sent[key]
        for message_id in [one for one in self.listeners if sent_ms(one) < oldest_ms]:
            del self.listeners[message_id]


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
