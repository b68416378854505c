"""The frames of `/signal` to the client."""

from collections.abc import Collection, Mapping
from typing import Any

from neartalk.limits import seconds
from presence.delivery import Frame, dumps
from presence.geo import label_of
from voice.call_graph import End
from voice.callers import Caller, Tie
from voice.consent import agreed, line
from voice.mesh import (
    Mesh,
    Pair,
    is_direct,
    is_polite,
    label_between_m,
    pairs,
    rank_for,
    unheard_by,
)

SHOWN_MAX = 50
# The label of whoever can be spoken with, and does not hear one in the chat.
FURTHER = "further away"


def peers(
    me: Caller, others: Collection[Caller], known: Mapping[str, Caller], limit: int, now_ms: int
) -> Frame:
    """The peer list of one person. `others` are alive, and within reach or tied to that person;
    `known` has that person, whom they are tied to, and whom those speak with. The list has the
    nearest SHOWN_MAX, those with a tie before all others, and calls before knocks however many they
    are; `count` has everyone.
    """
    ranks = {one.person_id: rank_for(me, one) for one in others}
    listed = sorted(others, key=lambda one: ranks[one.person_id])
    # Nearest first, whether they have a tie or not.
    shown = sorted(listed[:SHOWN_MAX], key=lambda one: ranks[one.person_id][1:])
    queue = line(me, listed, now_ms)
    ahead = {pair: turn for turn, pair in enumerate(queue)}
    mesh = Mesh(frozenset(pairs(known.values(), Tie.LIVE)), queue)
    frame = {
        "type": "voice.peers",
        "policy": policy(me),
        "door": str(me.door),
        "limit": limit,
        "count": len(listed),
        "peers": [row(me, one, ahead, now_ms) for one in shown],
        "unheard": [
            {**identity(known[far]), "why": str(why), "through": list(through)}
            for far, why, through in unheard_by(me.person_id, mesh, known)
        ],
    }
    return Frame(dumps(frame))


def row(me: Caller, one: Caller, ahead: Mapping[Pair, int], now_ms: int) -> dict[str, Any]:
    """One other person on the list. `ahead` has this person's pairs that wait for a free place, and
    how many go before each."""
    pair = frozenset({me.person_id, one.person_id})
    metres = label_between_m(me, one)
    return {
        **identity(one),
        "distance": FURTHER if metres is None else label_of(metres),
        "metres": metres,
        "door": str(one.door),
        **state(me, one, now_ms),
        **({"ahead": ahead[pair]} if pair in ahead else {}),
    }


def relayed(kind: str, sender: Caller, **fields: Any) -> dict[str, Any]:
    """What one person sends to another, with who it is from."""
    return {"type": kind, "from": sender.person_id, "instance": sender.instance, **fields}


def ended(end: End) -> Frame:
    return Frame(dumps({"type": "voice.end", "from": end.other, "reason": str(end.reason)}))


def pong() -> Frame:
    return Frame(dumps({"type": "pong"}))


def policy(me: Caller) -> str:
    return "direct" if me.direct else "relay"


def identity(one: Caller) -> dict[str, str]:
    return {"person_id": one.person_id, "username": one.name}


def state(me: Caller, one: Caller, now_ms: int) -> dict[str, Any]:
    """How another person stands with this one, and what the page needs to connect them."""
    tie = me.ties.get(one.person_id)
    if tie is Tie.LIVE:
        return {
            "state": "live" if one.process else "away",
            "instance": one.instance,
            "polite": is_polite(me.person_id, one.person_id),
            "direct": is_direct(me, one),
        }
    if agreed(me, one, now_ms):
        return {"state": str(Tie.WAITING)}
    if tie is not None:
        return {"state": str(tie)}
    if until_ms := one.declines(now_ms).get(me.person_id):
        return {"state": "declined", "retry_after": seconds(until_ms - now_ms)}
    return {"state": "near"}
