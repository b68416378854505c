"""What a person is called and looks like before they choose: a name, a colour and a short tag."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COLOURS = 8
TAG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # i, l, o, 0 and 1 pass for each other
TAG_LENGTH = 3


@dataclass(frozen=True, slots=True)
class NameWords:
    """What names of a language are made of; any of its adjectives goes with any of its animals."""

    pattern: str
    adjectives: Sequence[str]
    animals: Sequence[str]

    def name(self, adjective: str, animal: str) -> str:
        return self.pattern.format(adjective=adjective, animal=animal)


def read_words(path: Path) -> NameWords:
    """A file of three paragraphs: the pattern, adjectives, animals."""
    pattern, adjectives, animals = path.read_text(encoding="utf-8").strip().split("\n\n")
    return NameWords(pattern, adjectives.split(), animals.split())


WORDS = {path.stem: read_words(path) for path in Path(__file__).with_name("name_words").iterdir()}


def generate(rng: random.Random, language: str = "en") -> str:
    """A name such as "Quiet Heron", in the language of whoever gets it where there are words of it,
    never longer than a name may be."""
    words = WORDS.get(language, WORDS["en"])
    return words.name(rng.choice(words.adjectives), rng.choice(words.animals))


def colour(person_id: str) -> int:
    """Which of the COLOURS a person wears: the same in every process."""
    return _digest("colour", person_id) % COLOURS


def tag(person_id: str) -> str:
    """A few characters that tell apart people who chose the same name."""
    number, letters = _digest("tag", person_id), ""
    for _ in range(TAG_LENGTH):
        number, index = divmod(number, len(TAG_ALPHABET))
        letters += TAG_ALPHABET[index]
    return letters


def _digest(purpose: str, person_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}:{person_id}".encode()).digest())
