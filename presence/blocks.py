"""What a block hides: each of the two is gone for the other, and whoever was blocked cannot tell it
from a departure. Pure."""

from collections.abc import Mapping


def hidden(blocked: frozenset[str], blocked_by: Mapping[str, int]) -> frozenset[str]:
    """The ids of everybody whom somebody is not shown on lists, in counts and in voice.

    `blocked` are those whom they blocked. `blocked_by` are those who blocked them, each with the
    milliseconds of the store's clock when they did.
    """
    return blocked.union(blocked_by)


def unlisted(blocked: frozenset[str], blocked_by: Mapping[str, int]) -> frozenset[str]:
    """The ids of the same on lists, and a mark for each of those whom they blocked: these are not
    shown where they linger either. Whoever blocked somebody lingers for them as if they had left,
    or it could be told from a departure."""
    return hidden(blocked, blocked_by).union(map(lingering_mark, blocked))


def lingering_mark(person_id: str) -> str:
    return f"{person_id}~"


def may_receive(
    author_id: str, sent_ms: int, blocked: frozenset[str], blocked_by: Mapping[str, int]
) -> bool:
    """Whether somebody is shown a message, or told of its retraction.

    Nothing of whom they blocked; of whoever blocked them, what was sent before that.
    """
    if author_id in blocked:
        return False
    return sent_ms < blocked_by.get(author_id, sent_ms + 1)
