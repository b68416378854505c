"""Who may speak with whom, and which pairs are connected. Pure.

Overlap is not transitive: of people in a row only neighbours may speak with each other. So everyone
has a peer list of their own, which also names those who hear the same people and not them.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from presence.geo import circles_overlap
from voice.callers import Caller, Tie

Pair = frozenset[str]


class Mesh(NamedTuple):
    """The pairs that are connected, and those that wait for a free place, the next one first."""

    live: frozenset[Pair]
    waiting: tuple[Pair, ...]


class Why(StrEnum):
    """Why two do not hear each other although both speak with the same person."""

    APART = "apart"  # their circles do not meet
    WAITING = "waiting"  # in line for a connection
    STRANGER = "stranger"  # one has not agreed


class Unheard(NamedTuple):
    """Someone who does not hear a person although `others` speak with both."""

    person_id: str
    why: Why
    others: tuple[str, ...]


def may_speak(one: Caller, other: Caller) -> bool:
    if one.person_id == other.person_id or is_blocked(one, other):
        return False
    return circles_overlap(*one.place.circle, *other.place.circle)


def is_blocked(one: Caller, other: Caller) -> bool:
    """Whether a block stands between two. The caller of either may have it first."""
    return one.person_id in other.hidden or other.person_id in one.hidden


def is_direct(one: Caller, other: Caller) -> bool:
    """Whether two connect without a relay: only if both chose to."""
    return one.direct and other.direct


def is_polite(own_id: str, other_id: str) -> bool:
    """Whether this side gives way when both offer at once (perfect negotiation). One of two is."""
    return own_id < other_id


def connect(
    voices: Mapping[str, Caller],
    agreed: Collection[Pair],
    live: Collection[Pair],
    limit: int,
) -> Mesh:
    """Which pairs are to be connected. Live pairs stay; pairs that agreed follow, those where one
    has asked before those whose doors alone agree, and of either the nearest first, while both
    sides have fewer than `limit` connections; the others wait.

    The result does not depend on the order of the arguments. A live pair with somebody who is not
    among `voices` counts as a connection too.
    """
    allowed = {pair for pair in agreed if pair <= voices.keys() and may_speak(*_both(voices, pair))}
    kept = {pair for pair in live if pair in allowed or not pair <= voices.keys()}
    connections = Counter(person for pair in kept for person in pair)
    waiting = []
    for pair in sorted(allowed - kept, key=lambda pair: rank_pair(voices, pair)):
        if all(connections[person] < limit for person in pair):
            kept.add(pair)
            connections.update(pair)
        else:
            waiting.append(pair)
    return Mesh(frozenset(kept), tuple(waiting))


def is_full(one: Caller, limit: int) -> bool:
    """Whether somebody has no free place."""
    return sum(tie is Tie.LIVE for tie in one.ties.values()) >= limit


def pairs(callers: Iterable[Caller], tie: Tie) -> set[Pair]:
    """The pairs with this tie."""
    return {
        frozenset({caller.person_id, other})
        for caller in callers
        for other, known in caller.ties.items()
        if known is tie
    }


def heard_by(person_id: str, mesh: Mesh) -> list[str]:
    """The ids of those who hear a person, sorted."""
    return sorted(other for pair in mesh.live if person_id in pair for other in pair - {person_id})


def unheard_by(person_id: str, mesh: Mesh, voices: Mapping[str, Caller]) -> list[Unheard]:
    """Those who do not hear a person although they speak with somebody who does, sorted by id.
    Whoever is not among `voices`, and whoever a block stands between, is left out."""
    hears, me = {*heard_by(person_id, mesh)}, voices.get(person_id, Caller(person_id))
    waiting = {*mesh.waiting}
    between: dict[str, list[str]] = {}
    for other in sorted(hears):
        for far in heard_by(other, mesh):
            if far not in voices or far in hears or far == person_id:
                continue
            if not is_blocked(me, voices[far]):
                between.setdefault(far, []).append(other)
    return [
        Unheard(far, _why(voices, frozenset({person_id, far}), waiting), tuple(others))
        for far, others in sorted(between.items())
    ]


def _why(voices: Mapping[str, Caller], pair: Pair, waiting: Collection[Pair]) -> Why:
    if not may_speak(*_both(voices, pair)):
        return Why.APART
    return Why.WAITING if pair in waiting else Why.STRANGER


def label_between_m(one: Caller, other: Caller) -> int | None:
    """The metres of the label that two are told of each other; None beyond the range of the chat,
    which would not tell them of each other either."""
    return one.place.label_m(other.place) if one.place.in_range(other.place) else None


def rank_m(one: Caller, other: Caller) -> float:
    """Orders by what two are told of each other: those without a distance come last."""
    metres = label_between_m(one, other)
    return math.inf if metres is None else metres


def rank_pair(voices: Mapping[str, Caller], pair: Pair) -> tuple[bool, float, list[str]]:
    """Orders those who wait: who has asked before whom only doors would connect."""
    one, other = _both(voices, pair)
    return other.person_id not in one.ties, rank_m(one, other), sorted(pair)


def rank_for(me: Caller, one: Caller) -> tuple[int, float, str]:
    """Orders others for one person: whom they speak with, then who has asked or waits, then the
    rest, and of each the nearest first. Those who wait are in the order of `rank_pair`."""
    tie = me.ties.get(one.person_id)
    return 0 if tie is Tie.LIVE else 1 if tie else 2, rank_m(me, one), one.person_id


def _both(voices: Mapping[str, Caller], pair: Pair) -> tuple[Caller, Caller]:
    one, other = sorted(pair)
    return voices[one], voices[other]
