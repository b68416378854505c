"""Steps of one person towards another: knock, accept, decline; and whether two are connected. Pure.

Each raises Refused with the other person as `ref`.
"""

from collections.abc import Iterator

from neartalk.codes import Refused
from neartalk.limits import Rule, seconds, spend
from voice.call_graph import CallGraph, EndReason
from voice.callers import DECLINED_MS, Caller, Tie
from voice.consent import agreed, is_open, locked_by
from voice.membership import settle
from voice.mesh import may_speak

TIES_MAX = 64
BUSY_S = 60


def knock(graph: CallGraph, own: str, to: str) -> None:
    """Asks somebody for a call; accepts it if they asked first. An open door lets whoever asks in.

    Raises Refused: `not-joined`, `out-of-reach`, `locked`, `declined`, `too-fast`, `busy`.
    """
    me, other = both(graph, own, to)
    tie = me.ties.get(to)
    if tie is Tie.INCOMING:
        accept(graph, own, to)
    if tie is not None:
        return
    if locked_by(me, other):
        raise Refused("locked", ref=to)
    if until_ms := graph.declines_of(other).get(own):
        wait_s = seconds(min(DECLINED_MS, until_ms - graph.now_ms))
        raise Refused("declined", retry_after=wait_s, ref=to)
    if count_ties(me, incoming=False) >= TIES_MAX or not has_room(graph, other):
        raise Refused("busy", retry_after=BUSY_S, ref=to)
    tat_ms = allow_knock(me, to, graph.knock_rule, graph.now_ms)
    # Whoever knocks at somebody withdraws an earlier decline.
    declined = {id: until for id, until in me.declined.items() if id != to}
    graph.put(me.changed(knock_tat_ms=tat_ms, declined=declined))
    make_room(graph, to)
    graph.tie(own, to, Tie.OUTGOING)
    if agreed(graph.callers[own], graph.callers[to], graph.now_ms):
        settle(graph, own)


def accept(graph: CallGraph, own: str, to: str) -> None:
    """Agrees to a knock; the two are connected as soon as both have a free place.

    Raises Refused: `not-joined`, `out-of-reach`, `not-agreed` where nobody knocked.
    """
    me, _ = both(graph, own, to)
    if me.ties.get(to) in {Tie.WAITING, Tie.LIVE}:
        return
    if me.ties.get(to) is not Tie.INCOMING:
        raise Refused("not-agreed", ref=to)
    graph.tie(own, to, Tie.WAITING)
    settle(graph, own)


def decline(graph: CallGraph, own: str, to: str) -> None:
    """Declines a knock, withdraws one, or ends a call; where there is no tie, keeps somebody out
    whom two open doors would connect, or does nothing.

    After each of them one side may not knock for a while. After a withdrawn knock that is the side
    that knocked: knocks that come and go would be a way to disturb somebody.
    """
    me, other = graph.get(own), graph.get(to)
    tie = me.ties.get(to)
    if tie is None:
        if is_open(me, other, graph.now_ms) and is_open(other, me, graph.now_ms):
            graph.remember_decline(own, to)
        return
    if tie is not Tie.OUTGOING:
        graph.remember_decline(own, to)
    graph.end(own, to, EndReason.DECLINED, by=own)
    settle(graph, own)


def connected(graph: CallGraph, own: str, to: str) -> tuple[Caller, Caller]:
    """Both callers of a live tie.

    Raises Refused: `not-joined`, `out-of-reach`, `not-agreed`.
    """
    me, other = both(graph, own, to)
    if me.ties.get(to) is not Tie.LIVE or other.ties.get(own) is not Tie.LIVE:
        raise Refused("not-agreed", ref=to)
    return me, other


def both(graph: CallGraph, own: str, to: str) -> tuple[Caller, Caller]:
    """Two callers who may speak with each other.

    Raises Refused: `not-joined`, `out-of-reach`.
    """
    me, other = graph.callers.get(own), graph.callers.get(to)
    if me is None or not me.joined:
        raise Refused("not-joined")
    if not graph.alive(other) or not may_speak(me, other):
        raise Refused("out-of-reach", ref=to)
    return me, other


def allow_knock(me: Caller, to: str, limit: Rule, now_ms: int) -> int:
    """The GCRA state after one more knock. Raises Refused: `too-fast`."""
    tat_ms, wait_ms = spend(me.knock_tat_ms, now_ms, limit.interval_ms, limit.tolerance_ms)
    if wait_ms:
        raise Refused("too-fast", retry_after=seconds(wait_ms), ref=to, rule="voice.knock")
    return tat_ms


def has_room(graph: CallGraph, at: Caller) -> bool:
    """Whether one more may knock at somebody. Those who knocked and are away keep nobody out."""
    return count_ties(at, incoming=True) < TIES_MAX or any(away_knocks(graph, at))


def make_room(graph: CallGraph, at: str) -> None:
    """Removes the knock of somebody who is away, if so many knock that one more has no room."""
    caller = graph.callers[at]
    if count_ties(caller, incoming=True) >= TIES_MAX:
        graph.tie(at, next(away_knocks(graph, caller)), None)


def away_knocks(graph: CallGraph, at: Caller) -> Iterator[str]:
    """The ids of those who knocked at somebody and have no socket any more."""
    return (other for other in at.tied_by(Tie.INCOMING) if not graph.get(other).process)


def count_ties(caller: Caller, *, incoming: bool) -> int:
    """The number of knocks at a person, or else of all their other ties. They have separate limits,
    so that somebody at whom too many knock can still knock at others."""
    return sum((tie is Tie.INCOMING) is incoming for tie in caller.ties.values())
