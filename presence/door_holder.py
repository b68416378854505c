"""Pure: which process holds somebody's open door in voice, as a number.

It is kept where the end of a time stands for others: whoever a process holds has none. So the
release before reads sessions and tiles as they are, and finds no door in them.
"""

from functools import lru_cache
from hashlib import sha256

NUMBER_BYTES = 6  # exact in Lua, whose numbers are doubles


@lru_cache(maxsize=10_000)
def door_of(process: str) -> int:
    """The number of a process, never 0."""
    return int.from_bytes(sha256(process.encode()).digest()[:NUMBER_BYTES], "big") or 1


def packed(until_ms: int, door: int) -> int:
    """What is kept of the two: at least one of them is 0."""
    return until_ms or door


def unpacked(process: str, kept: int) -> tuple[int, int]:
    """(until_ms, door) of somebody whom this process holds, or none: ""."""
    return (0, kept) if process else (kept, 0)
