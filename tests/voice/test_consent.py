"""A pair connects when both have said yes, by a word or by a door; what a door says to whom."""

from __future__ import annotations

import json

import pytest

from neartalk.codes import Refused
from presence.geo import CELL_DEGREES, cell_at
from presence.values import Place
from tests.voice.test_call_graph import NOW_MS, among, call, caller, code_of, stand
from voice.call_graph import WITHDRAWN_MAX, WITHDRAWN_MS, CallGraph, End, EndReason
from voice.callers import AWAY_MS, DECLINED_MS, Caller, DoorState, Tie, from_fields, to_fields
from voice.calls import TIES_MAX, accept, connected, decline, knock
from voice.consent import DECLINES_MAX, agreed, line
from voice.membership import enter, leave, settle, suspend
from voice.mesh import rank_for

LIVE, WAITS, NOTHING = (Tie.LIVE, Tie.LIVE), (Tie.WAITING, Tie.WAITING), (None, None)
ASKED = (Tie.OUTGOING, Tie.INCOMING)


def with_door(person_id: str, door: DoorState, column: int = 0) -> Caller:
    return caller(person_id, column).changed(door=door)


def opened(person_id: str, column: int = 0) -> Caller:
    return with_door(person_id, DoorState.OPEN, column)


def turn(graph: CallGraph, person_id: str, door: DoorState) -> None:
    """As a page does: the same person enters again with another door."""
    enter(graph, graph.callers[person_id].changed(door=door))


def in_line(graph: CallGraph, own: str) -> list[str]:
    """With whom somebody waits for a connection, the next one first."""
    me = graph.callers[own]
    others = (one for id, one in graph.callers.items() if id != own)
    listed = sorted(others, key=lambda one: rank_for(me, one))
    return [other for pair in line(me, listed, graph.now_ms) for other in pair - {own}]


def waits(graph: CallGraph, one: str, other: str) -> bool:
    return agreed(graph.callers[one], graph.callers[other], graph.now_ms)


# ---- Who is connected ----------------------------------------------------------------------------


@pytest.mark.parametrize("mine", DoorState)
@pytest.mark.parametrize("theirs", DoorState)
def test_without_a_word_two_are_connected_where_both_doors_are_open(
    mine: DoorState, theirs: DoorState
) -> None:
    graph = among(with_door("b", theirs))
    enter(graph, with_door("a", mine))
    assert stand(graph, "a", "b") == (LIVE if mine is theirs is DoorState.OPEN else NOTHING)
    if mine is theirs is DoorState.OPEN:
        connected(graph, "a", "b")


@pytest.mark.parametrize(
    ("mine", "theirs", "stands"),
    [
        (DoorState.ASK, DoorState.ASK, ASKED),
        (DoorState.OPEN, DoorState.ASK, ASKED),
        (DoorState.ASK, DoorState.OPEN, LIVE),
    ],
)
def test_whoever_asks_at_an_open_door_is_in(
    mine: DoorState, theirs: DoorState, stands: object
) -> None:
    graph = among(with_door("a", mine), with_door("b", theirs))
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == stands


def test_whoever_opens_their_door_lets_in_those_who_asked_and_those_who_are_open() -> None:
    graph = among(caller("a"), caller("asked"), opened("open"), caller("quiet"))
    knock(graph, "asked", "a")
    turn(graph, "a", DoorState.OPEN)
    assert {one: stand(graph, "a", one) for one in ("asked", "open", "quiet")} == {
        "asked": LIVE,
        "open": LIVE,
        "quiet": NOTHING,
    }


def test_what_one_asked_before_the_other_opened_is_a_yes() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    turn(graph, "b", DoorState.OPEN)
    assert stand(graph, "a", "b") == LIVE


def test_a_door_that_closes_ends_no_call_and_takes_back_what_only_waits_by_it() -> None:
    graph = among(opened("a"), opened("b"), caller("c"), caller("d"), limit=1)
    settle(graph, "a")
    knock(graph, "c", "a")
    call(graph, "d", "a")
    assert stand(graph, "a", "b") == LIVE
    assert waits(graph, "a", "c")
    turn(graph, "a", DoorState.ASK)
    assert stand(graph, "a", "b") == LIVE
    # What c said still stands, as a question.
    assert stand(graph, "c", "a") == ASKED
    assert not waits(graph, "a", "c")
    decline(graph, "a", "b")
    assert stand(graph, "a", "c") == (Tie.INCOMING, Tie.OUTGOING)


def test_who_waits_by_words_stays_in_line_when_a_door_closes() -> None:
    graph = among(opened("a"), opened("b"), caller("c"), limit=1)
    settle(graph, "a")
    turn(graph, "a", DoorState.ASK)
    call(graph, "c", "a")
    assert stand(graph, "a", "c") == WAITS
    turn(graph, "a", DoorState.OPEN)
    turn(graph, "a", DoorState.ASK)
    assert stand(graph, "a", "c") == WAITS


def test_out_of_reach_no_door_connects_and_whoever_comes_near_is_connected() -> None:
    graph = among(opened("a"))
    enter(graph, opened("b", 50))
    assert stand(graph, "a", "b") == NOTHING
    enter(graph, opened("b"))
    assert stand(graph, "a", "b") == LIVE
    enter(graph, opened("b", 50))
    assert stand(graph, "a", "b") == NOTHING
    assert [end.reason for end in graph.ended] == [EndReason.APART] * 2


def test_nobody_comes_in_by_a_door_while_its_owner_is_away() -> None:
    graph = among(opened("a"), opened("b"), caller("c"))
    suspend(graph, "a", NOW_MS + AWAY_MS)
    settle(graph, "b")
    knock(graph, "c", "a")
    assert (stand(graph, "a", "b"), stand(graph, "c", "a")) == (NOTHING, ASKED)
    enter(graph, opened("a"))
    assert (stand(graph, "a", "b"), stand(graph, "c", "a")) == (LIVE, LIVE)


def test_who_leaves_voice_leaves_no_door_open() -> None:
    graph = among(opened("a"), opened("b"))
    leave(graph, "a", EndReason.LEFT)
    assert graph.callers["a"].door is DoorState.ASK
    enter(graph, caller("a"))
    assert stand(graph, "a", "b") == NOTHING


@pytest.mark.parametrize("blocker", ["a", "b"])
def test_a_block_keeps_a_door_shut_both_ways_until_it_is_lifted(blocker: str) -> None:
    graph = among(opened("a"), opened("b"))
    other = "b" if blocker == "a" else "a"
    enter(graph, graph.callers[blocker].changed(hidden=frozenset({other})))
    for one in "ab":
        settle(graph, one)
    assert stand(graph, "a", "b") == NOTHING
    enter(graph, graph.callers[blocker].changed(hidden=frozenset()))
    assert stand(graph, "a", "b") == LIVE


# ---- Declines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("decliner", ["a", "b"])
def test_an_end_holds_for_ten_minutes_also_at_an_open_door_and_both_ways(decliner: str) -> None:
    graph = among(opened("a"), opened("b"))
    settle(graph, "a")
    decline(graph, decliner, "b" if decliner == "a" else "a")
    graph.now_ms += DECLINED_MS - 1
    for one in "ab":
        settle(graph, one)
    assert stand(graph, "a", "b") == NOTHING
    graph.now_ms += 1
    settle(graph, "a")
    assert stand(graph, "a", "b") == LIVE


def test_whoever_was_declined_is_refused_at_the_open_door_and_who_declined_may_ask() -> None:
    graph = among(opened("a"), opened("b"))
    settle(graph, "a")
    decline(graph, "a", "b")
    with pytest.raises(Refused) as refused:
        knock(graph, "b", "a")
    assert code_of(refused) == ("declined", "a")
    assert refused.value.retry_after == DECLINED_MS // 1000
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == LIVE


def test_who_waits_at_two_open_doors_can_be_kept_out_before_it_is_their_turn() -> None:
    graph = among(opened("a"), opened("b"), opened("c"), limit=1)
    settle(graph, "a")
    assert waits(graph, "a", "c")
    decline(graph, "a", "c")
    assert not waits(graph, "a", "c")
    decline(graph, "a", "b")
    settle(graph, "a")
    assert stand(graph, "a", "c") == NOTHING
    # Where no door stands open there is nothing to decline.
    decline(graph, "b", "nobody")
    assert graph.callers["b"].declined == {}


def test_whoever_claims_to_be_open_and_declines_all_has_a_door_no_more() -> None:
    others = [opened(f"b{turn:03}") for turn in range(DECLINES_MAX + 10)]
    graph = among(opened("a"), *others)
    for _ in range(2 * len(others)):
        settle(graph, "a")
        for other in graph.callers["a"].tied_by(Tie.LIVE):
            decline(graph, "a", other)
    assert len(graph.callers["a"].declined) == DECLINES_MAX + graph.limit - 1
    assert not graph.callers["a"].ties
    assert in_line(graph, "a") == []
    graph.now_ms += DECLINED_MS
    settle(graph, "a")
    assert len(graph.callers["a"].tied_by(Tie.LIVE)) == graph.limit


def test_however_many_ask_at_an_open_door_and_leave_it_stays_open_to_others() -> None:
    friends = [caller(f"f{turn}") for turn in range(8)]
    graph = among(opened("a"), *friends)
    for friend in friends:
        call(graph, friend.person_id, "a")
    for turn in range(3 * DECLINES_MAX):
        asker = f"b{turn:03}"
        enter(graph, caller(asker))
        knock(graph, asker, "a")
        leave(graph, asker, EndReason.LEFT)
    assert len(graph.callers["a"].declined) == WITHDRAWN_MAX
    leave(graph, friends[0].person_id, EndReason.LEFT)
    enter(graph, opened("c"))
    assert stand(graph, "a", "c") == LIVE


def test_withdrawn_knocks_shorten_no_decline() -> None:
    graph = among(opened("a"), caller("d"))
    knock(graph, "d", "a")
    decline(graph, "a", "d")
    graph.now_ms += DECLINED_MS - WITHDRAWN_MS + 1
    before = graph.callers["a"].declined["d"]
    for turn in range(2 * WITHDRAWN_MAX):
        enter(graph, caller(f"b{turn:03}"))
        graph.remember_decline("a", f"b{turn:03}", WITHDRAWN_MS)
    assert graph.callers["a"].declined["d"] == before


# ---- Nobody new ----------------------------------------------------------------------------------


def test_a_lock_lets_calls_go_on_and_ends_all_that_has_not_begun() -> None:
    graph = among(opened("a"), caller("in"), caller("asks"), caller("asked"), caller("w"), limit=1)
    call(graph, "in", "a")
    call(graph, "w", "a")
    turn(graph, "a", DoorState.ASK)
    knock(graph, "asks", "a")
    knock(graph, "a", "asked")
    turn(graph, "a", DoorState.LOCKED)
    assert stand(graph, "a", "in") == LIVE
    for other in ("asks", "asked", "w"):
        assert stand(graph, "a", other) == NOTHING
    # Who waited by words is told, as of a call; who locked is not.
    assert graph.ended == [End("w", "a", EndReason.DECLINED)]


def test_a_lock_is_no_decline_of_ten_minutes() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "b", "a")
    turn(graph, "a", DoorState.LOCKED)
    turn(graph, "a", DoorState.ASK)
    knock(graph, "b", "a")
    assert stand(graph, "b", "a") == ASKED


def test_locking_and_opening_again_and_again_is_no_way_to_knock_again_and_again() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    turn(graph, "a", DoorState.LOCKED)
    turn(graph, "a", DoorState.ASK)
    with pytest.raises(Refused) as refused:
        knock(graph, "a", "b")
    assert code_of(refused) == ("declined", "b")
    assert refused.value.retry_after == WITHDRAWN_MS // 1000


@pytest.mark.parametrize(("own", "to"), [("a", "b"), ("b", "a")])
def test_nobody_asks_at_a_locked_door_nor_from_behind_one(own: str, to: str) -> None:
    graph = among(with_door("a", DoorState.LOCKED), opened("b"))
    with pytest.raises(Refused) as refused:
        knock(graph, own, to)
    assert code_of(refused) == ("locked", to)
    assert refused.value.retry_after is None
    assert stand(graph, "a", "b") == NOTHING
    with pytest.raises(Refused) as refused:
        accept(graph, own, to)
    assert code_of(refused) == ("not-agreed", to)


def test_a_lock_holds_over_a_move_until_it_is_undone_or_its_owner_leaves() -> None:
    graph = among(with_door("a", DoorState.LOCKED), opened("b"))
    enter(graph, with_door("a", DoorState.LOCKED, 1))
    assert stand(graph, "a", "b") == NOTHING
    leave(graph, "a", EndReason.LEFT)
    assert graph.callers["a"].door is DoorState.ASK


# ---- A crowd -------------------------------------------------------------------------------------


def test_past_the_limit_open_doors_wait_in_line_and_the_nearest_comes_in() -> None:
    others = [opened(f"b{column}", column) for column in (0, 2, 4, 6)]
    graph = among(*others, limit=2)
    enter(graph, opened("a"))
    assert graph.callers["a"].tied_by(Tie.LIVE) == ["b0", "b2"]
    assert in_line(graph, "a") == ["b4", "b6"]
    leave(graph, "b0", EndReason.LEFT)
    settle(graph, "a")
    assert graph.callers["a"].tied_by(Tie.LIVE) == ["b2", "b4"]


def test_a_free_place_goes_to_who_asked_before_the_nearest_open_door() -> None:
    graph = among(opened("a"), opened("b"), opened("near"), caller("asks", 8), limit=1)
    decline(graph, "near", "b")
    settle(graph, "a")
    assert stand(graph, "a", "b") == LIVE
    knock(graph, "asks", "a")
    assert in_line(graph, "a") == ["asks", "near"]
    decline(graph, "a", "b")
    settle(graph, "a")
    assert stand(graph, "a", "asks") == LIVE


def test_who_is_connected_stays_so_when_somebody_nearer_opens() -> None:
    graph = among(opened("a"), opened("far", 8), limit=1)
    settle(graph, "a")
    enter(graph, opened("near"))
    assert stand(graph, "a", "far") == LIVE
    assert stand(graph, "a", "near") == NOTHING


def test_the_ninth_and_the_65th_who_ask_at_an_open_door_wait_or_are_told_to() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX + 9)]
    graph = among(opened("a"), *others)
    for other in others[:-1]:
        knock(graph, other.person_id, "a")
    assert len(graph.callers["a"].tied_by(Tie.LIVE)) == graph.limit
    assert len(in_line(graph, "a")) == TIES_MAX
    with pytest.raises(Refused) as refused:
        knock(graph, others[-1].person_id, "a")
    assert code_of(refused) == ("busy", "a")


def test_a_settled_graph_is_not_written_again() -> None:
    graph = among(*(opened(f"b{turn:02}") for turn in range(12)))
    for one in [*graph.callers]:
        settle(graph, one)
    before = dict(graph.callers)
    for one in before:
        settle(graph, one)
    assert graph.callers == before
    assert max(len(one.tied_by(Tie.LIVE)) for one in before.values()) == graph.limit


# ---- Between processes and releases --------------------------------------------------------------


@pytest.mark.parametrize("door", DoorState)
def test_a_door_travels_and_the_release_before_reads_who_has_one(door: DoorState) -> None:
    me = with_door("a", door).changed(hidden=frozenset({"c"}))
    fields = json.loads(json.dumps(to_fields(me)))
    assert from_fields(fields) == me
    # It knows these fields and no other, and keeps whoever it does not know among the hidden.
    known = {*Caller.__dataclass_fields__} - {"door"}
    assert fields.keys() == known
    assert {*fields["hidden"]} >= {"c"}


def test_who_the_release_before_entered_is_asked() -> None:
    fields = to_fields(caller("a"))
    assert from_fields(fields).door is DoorState.ASK
    assert fields["hidden"] == []


def test_where_somebody_is_is_told_no_finer_by_who_is_connected() -> None:
    """Of two at the same label the id decides, not which of them is nearer."""
    spot = Place(cell_at(52.52, 13.4), 2000)
    columns = (12, 13)
    found = []
    for one, other in (columns, columns[::-1]):
        places = [Place(cell_at(52.52, 13.4 + at * CELL_DEGREES), 2000) for at in (one, other)]
        graph = among(
            *(opened(name).changed(place=place) for name, place in zip("bc", places, strict=True)),
            limit=1,
        )
        enter(graph, opened("a").changed(place=spot))
        labels = {spot.label_m(place) for place in places}
        found.append((labels, graph.callers["a"].tied_by(Tie.LIVE)))
    assert found[0] == found[1]
    assert (len(found[0][0]), found[0][1]) == (1, ["b"])
