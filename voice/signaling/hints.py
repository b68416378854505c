"""Changes as hints to the other processes, by district. Pure."""

from collections.abc import Iterator

from presence.hub import Hint
from voice.call_graph import Changes, End, EndReason
from voice.callers import District, from_fields, to_fields

REASONS = frozenset(EndReason)


def to_hints(changes: Changes) -> Iterator[tuple[District, Hint]]:
    """One hint for each district that the changed callers are in or were.

    A process that holds a person subscribes to their district. So the end of a call goes to the
    district of the person who is told, and they are told once.
    """
    callers = [to_fields(one) for one in changes.callers]
    home = {one.person_id: one.district for one in changes.callers}
    for district in changes.districts:
        yield (
            district,
            {
                "type": "voice.changed",
                "callers": callers,
                "ended": [end for end in changes.ended if home.get(end.to) == district],
                "seen": [district] if district in changes.visible_in else [],
            },
        )


def from_hint(hint: Hint) -> Changes:
    """What another process changed, as far as it concerns the hint's district."""
    return Changes(
        callers=tuple(from_fields(fields) for fields in hint["callers"]),
        ended=tuple(End(to, other, reason_of(why)) for to, other, why, *_ in hint["ended"]),
        visible_in=frozenset(hint["seen"]),
    )


def reason_of(why: str) -> EndReason:
    """Of a kind that only a newer release knows nothing is told but that they left."""
    return EndReason(why) if why in REASONS else EndReason.LEFT
