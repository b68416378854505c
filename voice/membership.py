"""Steps of coming and going: enter, suspend, leave, reap, and settle what that changes. Pure."""

from collections.abc import Collection

from voice.call_graph import MIRROR, CallGraph, EndReason
from voice.callers import Caller, Tie
from voice.consent import locked_by, willing
from voice.mesh import connect, is_blocked, may_speak, pairs


def enter(graph: CallGraph, caller: Caller) -> None:
    """Someone joins, comes back, moves or turns their door; they keep their calls if they were
    still alive."""
    if not graph.alive(graph.callers.get(caller.person_id)):
        graph.end_all(caller.person_id, EndReason.GONE)
    known = graph.get(caller.person_id)
    graph.put(
        caller.changed(
            ties=known.ties,
            declined=graph.declines_of(known),
            knock_tat_ms=known.knock_tat_ms,
            version=known.version,
        )
    )
    settle(graph, caller.person_id)


def suspend(graph: CallGraph, person_id: str, until_ms: int) -> None:
    """Their socket closed: they are away, and keep their calls until then."""
    graph.put(graph.callers[person_id].changed(process="", channel="", until_ms=until_ms))


def leave(graph: CallGraph, person_id: str, reason: EndReason) -> None:
    """Ends all their calls, and forgets who and where they were."""
    graph.end_all(person_id, reason)
    if known := graph.callers.get(person_id):
        graph.put(
            Caller(
                person_id,
                declined=known.declined,
                knock_tat_ms=known.knock_tat_ms,
                version=known.version,
            )
        )


def reap(graph: CallGraph, person_ids: Collection[str]) -> None:
    """Lets those of these people leave who joined and are not alive."""
    for person_id in person_ids:
        known = graph.get(person_id)
        if known.joined and not graph.alive(known):
            leave(graph, person_id, EndReason.GONE)


def settle(graph: CallGraph, person_id: str) -> None:
    """Ends the ties of a person that cannot go on, and connects who waits for a free place: whoever
    of the graph has a tie, and whom the doors of this person and another connect."""
    for other, tie in graph.get(person_id).ties.items():
        if reason := why_over(graph, person_id, other, tie):
            locked = locked_by(graph.get(person_id), graph.get(other))
            graph.end(person_id, other, reason, by=locked if reason is EndReason.DECLINED else "")
    alive = {id: caller for id, caller in graph.callers.items() if graph.alive(caller)}
    live = pairs(graph.callers.values(), Tie.LIVE)
    agreed = willing(alive, person_id, graph.now_ms)
    for pair in connect(alive, live | agreed, live, graph.limit).live - live:
        one, other = pair
        graph.tie(one, other, Tie.LIVE)


def why_over(graph: CallGraph, own: str, to: str, tie: Tie) -> EndReason | None:
    """Why a tie cannot go on; None if it can."""
    me, other = graph.get(own), graph.callers.get(to)
    if not graph.alive(other) or other.ties.get(own) is not MIRROR[tie]:
        return EndReason.GONE
    if is_blocked(me, other):
        # As if the other had left: nobody is told of a block.
        return EndReason.LEFT
    if not may_speak(me, other):
        return EndReason.APART
    # Who speaks goes on; nobody new comes in where either has locked their door.
    return EndReason.DECLINED if tie is not Tie.LIVE and locked_by(me, other) else None
