"""Whose names look alike: pure."""

from collections.abc import Iterable
from functools import lru_cache

from neartalk.skeleton import skeletons
from presence.values import Person


def resembles(name: str, person: Person) -> bool:
    """Whether a name looks like a person's, or like their name with the tag beside it."""
    mine = _shapes(name)
    return bool(mine & _shapes(person.name) or mine & _shapes(f"{person.name} {person.tag}"))


def namesakes(name: str, people: Iterable[Person]) -> int:
    """How many of these people have a name that looks like this one."""
    return sum(resembles(name, person) for person in people)


@lru_cache(4096)
def _shapes(name: str) -> frozenset[str]:
    return skeletons(name)
