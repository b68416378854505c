"""Whose names look alike: pure."""

from functools import lru_cache

from neartalk.skeleton import skeletons
from presence.values import Person


def resembles(name: str, person: Person) -> bool:
    """Whether a name looks like a person's, or like their name with the tag beside it."""
    mine = _shapes(name)
    return bool(mine & _shapes(person.name) or mine & _shapes(f"{person.name} {person.tag}"))


@lru_cache(4096)
def _shapes(name: str) -> frozenset[str]:
    return skeletons(name)
