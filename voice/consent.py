"""Whether two have both said yes to a call: each by a word, or by a door that stands open. Pure.

Only the words stand in ties. What a door says is worked out when it is asked, so that a door which
closes takes its yes back by itself.
"""

from collections.abc import Iterable, Mapping

from voice.call_graph import WITHDRAWN_MS
from voice.callers import Caller, DoorState, Tie
from voice.mesh import Pair

# The ties by which this side has said yes.
WORDS = frozenset({Tie.OUTGOING, Tie.WAITING, Tie.LIVE})
# Whoever keeps so many out by their own word has no open door, whatever they say. Knocks that were
# withdrawn do not count: no number of others closes a door.
DECLINES_MAX = 64


def agreed(one: Caller, other: Caller, now_ms: int) -> bool:
    """Whether both have said yes."""
    return says_yes(one, other, now_ms) and says_yes(other, one, now_ms)


def says_yes(one: Caller, other: Caller, now_ms: int) -> bool:
    return one.ties.get(other.person_id) in WORDS or is_open(one, other, now_ms)


def is_open(one: Caller, other: Caller, now_ms: int) -> bool:
    """Whether a door stands open to somebody: to nobody while its owner is away, nor between two of
    whom either declined the other."""
    if one.door is not DoorState.OPEN or not one.process:
        return False
    if not one.declined and not other.declined:
        return True
    declines = one.declines(now_ms)
    held_back = other.person_id in declines or one.person_id in other.declines(now_ms)
    own_words = sum(until_ms > now_ms + WITHDRAWN_MS for until_ms in declines.values())
    return not held_back and own_words < DECLINES_MAX


def locked_by(one: Caller, other: Caller) -> str:
    """The id of whoever of the two lets nobody new in; "" if neither does."""
    return next((each.person_id for each in (one, other) if each.door is DoorState.LOCKED), "")


def willing(voices: Mapping[str, Caller], person_id: str, now_ms: int) -> set[Pair]:
    """The pairs that have said yes on both sides: of all that have a tie, and of this person and
    anybody."""
    pairs = {
        frozenset({one.person_id, other})
        for one in voices.values()
        for other in one.ties
        if other in voices
    }
    if person_id in voices:
        pairs |= {frozenset({person_id, other}) for other in voices if other != person_id}
    return {pair for pair in pairs if _agreed(voices, pair, now_ms)}


def _agreed(voices: Mapping[str, Caller], pair: Pair, now_ms: int) -> bool:
    one, other = pair
    return agreed(voices[one], voices[other], now_ms)


def line(me: Caller, listed: Iterable[Caller], now_ms: int) -> tuple[Pair, ...]:
    """The pairs of a person that wait for a connection, in the order of those listed."""
    return tuple(
        frozenset({me.person_id, one.person_id})
        for one in listed
        if me.ties.get(one.person_id) is not Tie.LIVE and agreed(me, one, now_ms)
    )
