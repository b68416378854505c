"""Reactions to messages: the words, one choice of a person a message, and how they are counted.
Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from presence.geo import Roughness
from presence.values import Place, place_of

REACTIONS = ("yes", "love", "funny", "wow", "sorry", "me-too")

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChosenReaction:
    """What a person chose, under the name and at the place that they had then; "" takes back."""

    person_id: str
    name: str
    place: Place
    reaction: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Everybody's choices of one message. `version` counts how often any of them changed."""

    version: int = 0
    by_person: Mapping[str, ChosenReaction] = field(default_factory=dict)

    @property
    def reactions(self) -> dict[str, str]:
        """The word of each person."""
        return {person_id: one.reaction for person_id, one in self.by_person.items()}


def counted(reactions: Iterable[str]) -> Counts:
    """How often each word was chosen, in the order of the set; none that nobody chose."""
    found = Counter(reactions)
    return {one: found[one] for one in REACTIONS if found[one]}


def written_counts(counts: Counts) -> str:
    """Counts in one line: "yes:12 love:3"."""
    return " ".join([f"{reaction}:{count}" for reaction, count in counts.items()])


def read_counts(text: str) -> Counts:
    """The counts of such a line. A word that only a newer release knows is left out."""
    pairs = (one.partition(":") for one in text.split(" "))
    found = {name: int(count) for name, _, count in pairs if name in REACTIONS and count.isdigit()}
    return {one: found[one] for one in REACTIONS if found.get(one)}


def written_choice(choice: ChosenReaction) -> str:
    """A choice as Redis keeps it. The word stands first: the script reads it."""
    place = choice.place
    return json.dumps(
        [choice.reaction, choice.name, place.cell, place.radius_m, place.roughness],
        separators=(",", ":"),
    )


def read_choice(person_id: str, text: str) -> ChosenReaction:
    """The choice that Redis keeps; what a newer release adds behind it is left out."""
    reaction, name, cell, radius_m, rough, *_ = json.loads(text)
    place = place_of([cell, radius_m, Roughness.kept(rough)])
    return ChosenReaction(person_id, name, place, reaction)
