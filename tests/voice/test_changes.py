"""What a step changed, as plain values, and how it travels between processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from presence.geo import cell_at
from presence.values import Place
from voice.call_graph import CallGraph, Changes, End, EndReason
from voice.callers import Caller, Tie
from voice.calls import accept, knock
from voice.membership import enter, leave, reap, suspend
from voice.signaling.hints import from_hint, to_hints

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_MS = 1_800_000_000_000
HERE = "here"
# The second stands in another district than the first, and their circles overlap.
WEST, EAST = (Place(cell_at(52.52, lon), 2000) for lon in (13.39, 13.43))


def caller(person_id: str, place: Place = WEST, **ties: Tie) -> Caller:
    return Caller(person_id, person_id, place, process=HERE, version=1, ties=ties)


WEST_DISTRICT, EAST_DISTRICT = caller("a").district, caller("a", EAST).district


def changes_of(step: Callable[[CallGraph], None], *callers: Caller) -> Changes:
    before = {one.person_id: one for one in callers}
    graph = CallGraph(before, frozenset({HERE}), NOW_MS, limit=8)
    step(graph)
    return graph.changes_since(before)


def test_the_places_of_these_tests_are_in_two_districts() -> None:
    assert WEST_DISTRICT != EAST_DISTRICT


def test_a_step_that_changes_nothing_has_no_changes_but_tells_whom_it_read() -> None:
    a = caller("a")
    assert changes_of(lambda graph: None, a) == Changes(read=(a,))


def test_a_knock_changes_both_and_shows_nobody_else_anything() -> None:
    a, b, c = caller("a"), caller("b", EAST), caller("c")
    found = changes_of(lambda graph: knock(graph, "a", "b"), a, b, c)
    assert {one.person_id: dict(one.ties) for one in found.callers} == {
        "a": {"b": Tie.OUTGOING},
        "b": {"a": Tie.INCOMING},
    }
    assert found.districts == {a.district, b.district}
    assert (found.visible_in, found.ended) == (frozenset(), ())
    assert c in found.read


def test_an_accepted_knock_is_live_on_both_sides() -> None:
    a, b = caller("a", b=Tie.OUTGOING), caller("b", a=Tie.INCOMING)
    found = changes_of(lambda graph: accept(graph, "b", "a"), a, b)
    assert {tie for one in found.callers for tie in one.ties.values()} == {Tie.LIVE}


def test_whoever_moves_is_seen_where_they_were_and_where_they_are() -> None:
    found = changes_of(lambda graph: enter(graph, caller("a", EAST)), caller("a"))
    assert found.visible_in == found.districts == {WEST_DISTRICT, EAST_DISTRICT}


def test_whoever_is_away_is_seen_to_be() -> None:
    found = changes_of(lambda graph: suspend(graph, "a", NOW_MS + 30_000), caller("a"))
    assert found.visible_in == {WEST_DISTRICT}
    assert not found.callers[0].process


def test_whoever_leaves_is_named_once_to_each_they_spoke_with() -> None:
    a, b = caller("a", b=Tie.LIVE), caller("b", EAST, a=Tie.LIVE)
    found = changes_of(lambda graph: leave(graph, "a", EndReason.LEFT), a, b)
    assert found.ended == (End("b", "a", EndReason.LEFT),)


def test_only_those_who_are_not_alive_are_reaped() -> None:
    dead = caller("dead").changed(process="gone")
    away = caller("away").changed(process="", until_ms=NOW_MS + 1)
    each = caller("a"), dead, away
    found = changes_of(lambda graph: reap(graph, ["a", "dead", "away", "nobody"]), *each)
    assert [(one.person_id, one.joined) for one in found.callers] == [("dead", False)]


def test_a_hint_goes_to_each_district_and_an_end_to_that_of_who_is_told() -> None:
    a, b = caller("a", b=Tie.LIVE), caller("b", EAST, a=Tie.LIVE)
    found = changes_of(lambda graph: leave(graph, "a", EndReason.LEFT), a, b)
    # As JSON, for the channel layer makes lists of tuples.
    hints = {to: from_hint(json.loads(json.dumps(hint))) for to, hint in to_hints(found)}
    assert hints[EAST_DISTRICT] == Changes(found.callers, found.ended)
    assert hints[WEST_DISTRICT] == Changes(found.callers, visible_in=frozenset({WEST_DISTRICT}))


def test_changes_of_nothing_make_no_hint() -> None:
    assert [*to_hints(Changes(read=(caller("a"),)))] == []
