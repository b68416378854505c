"""Texts made from the corpus by chance, hardly ever twice in the same words."""

import random
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from voice.devtools.simulation.corpus import ANSWERS, CONVERSATIONS, GREETINGS, NO_VOICE, WORDS

CHOICE = re.compile(r"\[([^\[\]]*)\]")
WORD = re.compile(r"\{(\w+)\}")
BEGINNING = re.compile(r"(?:^|[.!?] )\w")  # of a sentence
# So many texts are remembered: more than are sent while a message lives.
REMEMBERED = 1000
TRIES = 40


class Utterance(NamedTuple):
    """One message of a conversation; `speaker` counts from 0."""

    speaker: int
    text: str


Script = Sequence[Utterance]
SCRIPTS: Sequence[Script] = [
    [Utterance(ord(line[0]) - ord("A"), line[3:]) for line in block.splitlines()]
    for block in CONVERSATIONS.strip().split("\n\n")
]


class Phrases:
    """One for a whole crowd: nobody repeats what anybody wrote lately."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.said: set[str] = set()
        self.order: deque[str] = deque()

    def conversation(self, speakers: int) -> Script:
        """A conversation of at most so many people; of one at least."""

        def make() -> Script:
            script = self.chance.choice(SCRIPTS)
            words = self._words()
            kept = [line for line in script if line.speaker < speakers]
            return [Utterance(line.speaker, self._filled(line.text, words)) for line in kept]

        return self._fresh(make)

    def answer(self, text: str, name: str) -> str:
        """An answer to this text by somebody of this name."""
        found = next(said for sign, said in ANSWERS if re.search(sign, text, re.IGNORECASE))
        return self._one_of(found, name)

    def greeting(self, name: str) -> str:
        return self._one_of(GREETINGS, name)

    def no_voice(self) -> str:
        return self._one_of(NO_VOICE)

    def _one_of(self, texts: Sequence[str], name: str = "") -> str:
        def make() -> Script:
            words = {**self._words(), "name": name}
            return [Utterance(0, self._filled(self.chance.choice(texts), words))]

        return self._fresh(make)[0].text

    def _words(self) -> dict[str, str]:
        return {word: self.chance.choice(all_of) for word, all_of in WORDS.items()}

    def _filled(self, text: str, words: Mapping[str, str]) -> str:
        chosen = CHOICE.sub(lambda found: self.chance.choice(found[1].split("|")), text)
        filled = WORD.sub(lambda found: words[found[1]], chosen)
        return BEGINNING.sub(lambda found: found[0].upper(), filled)

    def _fresh(self, make: Callable[[], Script]) -> Script:
        """The first of TRIES scripts that repeats nothing, else the one that repeats least."""
        found = make()
        for _ in range(TRIES):
            if not (again := self._repeats(found)):
                break
            other = make()
            found = other if self._repeats(other) < again else found
        for line in found:
            self._remember(line.text)
        return found

    def _repeats(self, script: Script) -> int:
        return sum(line.text in self.said for line in script)

    def _remember(self, text: str) -> None:
        if text in self.said:
            return
        self.said.add(text)
        self.order.append(text)
        if len(self.order) > REMEMBERED:
            self.said.discard(self.order.popleft())
