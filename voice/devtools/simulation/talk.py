"""What is said, made from the corpus by chance, and hardly ever in the same words again."""

import random
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from voice.devtools.simulation.corpus import ANSWERS, CONVERSATIONS, GREETINGS, NO_VOICE, WORDS

CHOICE = re.compile(r"\[([^\[\]]*)\]")
WORD = re.compile(r"\{(\w+)\}")
# So many texts are remembered: more than are said while a message lives.
REMEMBERED = 1000
TRIES = 40


class Line(NamedTuple):
    """`speaker` counts from 0."""

    speaker: int
    text: str


Script = Sequence[Line]
SCRIPTS: Sequence[Script] = [
    [Line(ord(line[0]) - ord("A"), line[3:]) for line in block.splitlines()]
    for block in CONVERSATIONS.strip().split("\n\n")
]


class Talk:
    """One for a whole crowd: what anybody said lately is not said again by others either."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.said: set[str] = set()
        self.order: deque[str] = deque()

    def conversation(self, speakers: int) -> Script:
        """Lines for at most so many people, one at least."""

        def told() -> Script:
            script = self.chance.choice(SCRIPTS)
            words = self._words()
            kept = [line for line in script if line.speaker < speakers]
            return [Line(line.speaker, self._filled(line.text, words)) for line in kept]

        return self._fresh(told)

    def answer(self, text: str, name: str) -> str:
        """To somebody of this name who said this."""
        found = next(said for sign, said in ANSWERS if re.search(sign, text, re.IGNORECASE))
        return self._one_of(found, name)

    def greeting(self, name: str) -> str:
        return self._one_of(GREETINGS, name)

    def no_voice(self) -> str:
        return self._one_of(NO_VOICE)

    def _one_of(self, texts: Sequence[str], name: str = "") -> str:
        def told() -> Script:
            words = {**self._words(), "name": name}
            return [Line(0, self._filled(self.chance.choice(texts), words))]

        return self._fresh(told)[0].text

    def _words(self) -> dict[str, str]:
        return {word: self.chance.choice(all_of) for word, all_of in WORDS.items()}

    def _filled(self, text: str, words: Mapping[str, str]) -> str:
        chosen = CHOICE.sub(lambda found: self.chance.choice(found[1].split("|")), text)
        filled = WORD.sub(lambda found: words[found[1]], chosen)
        return filled[:1].upper() + filled[1:]

    def _fresh(self, told: Callable[[], Script]) -> Script:
        """Of several tries the first that says nothing again, else that which says least again."""
        found = told()
        for _ in range(TRIES):
            if not (again := self._again(found)):
                break
            other = told()
            found = other if self._again(other) < again else found
        for line in found:
            self._remember(line.text)
        return found

    def _again(self, script: Script) -> int:
        return sum(line.text in self.said for line in script)

    def _remember(self, text: str) -> None:
        if text in self.said:
            return
        self.said.add(text)
        self.order.append(text)
        if len(self.order) > REMEMBERED:
            self.said.discard(self.order.popleft())
