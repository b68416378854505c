"""Who asked, who agreed and who is connected: one step after another, on both sides."""

from __future__ import annotations

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES
from presence.geo import CELL_DEGREES, cell_at
from presence.values import Place
from voice.call_graph import WITHDRAWN_MS, CallGraph, End, EndReason
from voice.callers import AWAY_MS, DECLINED_MS, Caller, Tie
from voice.calls import TIES_MAX, accept, connected, decline, knock
from voice.membership import enter, leave, settle, suspend

NOW_MS = 1_800_000_000_000
HERE = "here"


def caller(person_id: str, column: int = 0, radius_m: int = 500) -> Caller:
    place = Place(cell_at(52.52, 13.4 + column * CELL_DEGREES), radius_m)
    return Caller(person_id, person_id, place, process=HERE)


def among(*callers: Caller, limit: int = 8, now_ms: int = NOW_MS) -> CallGraph:
    return CallGraph({one.person_id: one for one in callers}, frozenset({HERE}), now_ms, limit)


def stand(graph: CallGraph, one: str, other: str) -> tuple[Tie | None, Tie | None]:
    """The ties of both sides."""
    return graph.callers[one].ties.get(other), graph.callers[other].ties.get(one)


def call(graph: CallGraph, one: str, other: str) -> None:
    knock(graph, one, other)
    accept(graph, other, one)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> tuple[str, str | None]:
    return refused.value.code, refused.value.ref


def test_a_knock_waits_and_a_yes_connects_both() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == (Tie.OUTGOING, Tie.INCOMING)
    accept(graph, "b", "a")
    assert stand(graph, "a", "b") == (Tie.LIVE, Tie.LIVE)


def test_knocking_at_somebody_who_knocks_is_a_yes_and_once_more_is_nothing() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == (Tie.OUTGOING, Tie.INCOMING)
    knock(graph, "b", "a")
    assert stand(graph, "a", "b") == (Tie.LIVE, Tie.LIVE)


def test_nobody_says_yes_for_somebody_else() -> None:
    graph = among(caller("a"), caller("b"))
    with pytest.raises(Refused) as refused:
        accept(graph, "a", "b")
    assert code_of(refused) == ("not-agreed", "b")
    knock(graph, "a", "b")
    with pytest.raises(Refused) as refused:
        accept(graph, "a", "b")
    assert code_of(refused) == ("not-agreed", "b")
    with pytest.raises(Refused) as refused:
        connected(graph, "a", "b")
    assert code_of(refused) == ("not-agreed", "b")


@pytest.mark.parametrize("own", [{}, {"b": Tie.WAITING}, {"b": Tie.LIVE}])
@pytest.mark.parametrize("others", [{}, {"a": Tie.WAITING}, {"a": Tie.LIVE}])
def test_two_are_connected_where_both_sides_say_so(
    own: dict[str, Tie], others: dict[str, Tie]
) -> None:
    graph = among(caller("a").changed(ties=own), caller("b").changed(ties=others))
    if stand(graph, "a", "b") == (Tie.LIVE, Tie.LIVE):
        assert connected(graph, "a", "b") == (graph.callers["a"], graph.callers["b"])
        return
    with pytest.raises(Refused) as refused:
        connected(graph, "a", "b")
    assert code_of(refused) == ("not-agreed", "b")


@pytest.mark.parametrize("to", ["far", "a", "nobody", "dead"])
def test_who_is_far_unknown_vanished_or_oneself_is_out_of_reach(to: str) -> None:
    dead = caller("dead").changed(process="gone")
    graph = among(caller("a", radius_m=100), caller("far", 9, 100), dead)
    for step in (knock, accept, connected):
        with pytest.raises(Refused) as refused:
            step(graph, "a", to)
        assert code_of(refused) == ("out-of-reach", to)
    assert not graph.callers["a"].ties


def test_a_decline_is_remembered_for_ten_minutes_and_binds_only_who_was_declined() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    decline(graph, "b", "a")
    assert stand(graph, "a", "b") == (None, None)
    assert graph.ended == []
    graph.now_ms += DECLINED_MS - 1
    with pytest.raises(Refused) as refused:
        knock(graph, "a", "b")
    assert code_of(refused) == ("declined", "b")
    assert refused.value.retry_after == 1
    graph.now_ms += 1
    knock(graph, "a", "b")
    decline(graph, "b", "a")
    knock(graph, "b", "a")
    assert stand(graph, "b", "a") == (Tie.OUTGOING, Tie.INCOMING)
    decline(graph, "b", "a")
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == (Tie.OUTGOING, Tie.INCOMING)


def test_a_decline_outlives_leaving_and_joining_again() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    decline(graph, "b", "a")
    for person_id in "ab":
        leave(graph, person_id, EndReason.LEFT)
        enter(graph, caller(person_id))
    with pytest.raises(Refused) as refused:
        knock(graph, "a", "b")
    assert code_of(refused) == ("declined", "b")


def test_of_who_has_left_nothing_is_kept_but_what_holds_them_back() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "b", "a")
    decline(graph, "a", "b")
    leave(graph, "a", EndReason.LEFT)
    left = graph.callers["a"]
    assert left == Caller("a", version=left.version, declined=left.declined)
    assert [*left.declined] == ["b"]


def test_a_decline_that_is_over_is_forgotten_with_the_next() -> None:
    graph = among(caller("a"), caller("b"), caller("c"))
    knock(graph, "b", "a")
    decline(graph, "a", "b")
    graph.now_ms += DECLINED_MS
    knock(graph, "c", "a")
    decline(graph, "a", "c")
    assert [*graph.callers["a"].declined] == ["c"]


def test_a_hundred_knocks_are_too_many() -> None:
    others = [caller(f"b{turn}") for turn in range(100)]
    graph = among(caller("a"), *others)
    codes = []
    for other in others:
        try:
            knock(graph, "a", other.person_id)
        except Refused as refused:
            codes.append(refused.code)
    assert codes == ["too-fast"] * (100 - RULES["voice.knock"].burst)


def test_nobody_is_asked_by_more_than_they_can_answer() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX + 1)]
    graph = among(caller("a"), *others)
    for other in others[:-1]:
        knock(graph, other.person_id, "a")
    with pytest.raises(Refused) as refused:
        knock(graph, others[-1].person_id, "a")
    assert code_of(refused) == ("busy", "a")


def test_those_who_asked_and_are_away_keep_nobody_out() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX + 1)]
    graph = among(caller("a"), *others)
    for other in others[:-1]:
        knock(graph, other.person_id, "a")
    suspend(graph, "b07", graph.now_ms + AWAY_MS)
    knock(graph, others[-1].person_id, "a")
    assert stand(graph, "a", others[-1].person_id) == (Tie.INCOMING, Tie.OUTGOING)
    assert stand(graph, "a", "b07") == (None, None)
    assert len(graph.callers["a"].ties) == TIES_MAX
    enter(graph, caller("b07"))
    with pytest.raises(Refused) as refused:
        knock(graph, "b07", "a")
    assert code_of(refused) == ("busy", "a")


def test_whoever_is_asked_by_too_many_can_still_ask() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX)]
    graph = among(caller("a"), caller("friend"), *others)
    for other in others:
        knock(graph, other.person_id, "a")
    call(graph, "a", "friend")
    assert stand(graph, "a", "friend") == (Tie.LIVE, Tie.LIVE)


def test_a_knock_that_was_taken_back_is_not_repeated_for_a_minute() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    decline(graph, "a", "b")
    graph.now_ms += WITHDRAWN_MS - 1
    with pytest.raises(Refused) as refused:
        knock(graph, "a", "b")
    assert (refused.value.code, refused.value.retry_after) == ("declined", 1)
    graph.now_ms += 1
    knock(graph, "a", "b")
    leave(graph, "a", EndReason.LEFT)
    enter(graph, caller("a"))
    with pytest.raises(Refused) as refused:
        knock(graph, "a", "b")
    assert code_of(refused) == ("declined", "b")
    assert graph.ended == []


def test_a_knock_that_ended_by_moving_apart_may_be_repeated() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    enter(graph, caller("a", 50))
    enter(graph, caller("a"))
    knock(graph, "a", "b")
    assert stand(graph, "a", "b") == (Tie.OUTGOING, Tie.INCOMING)


def test_taking_a_knock_back_does_not_shorten_a_no() -> None:
    graph = among(caller("a"), caller("b"))
    knock(graph, "a", "b")
    decline(graph, "b", "a")
    graph.callers["a"] = graph.callers["a"].tied("b", Tie.OUTGOING)
    graph.callers["b"] = graph.callers["b"].tied("a", Tie.INCOMING)
    decline(graph, "a", "b")
    assert graph.callers["b"].declined == {"a": NOW_MS + DECLINED_MS}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(Tie.LIVE, Tie.OUTGOING), (Tie.OUTGOING, Tie.OUTGOING), (Tie.WAITING, Tie.LIVE)],
)
def test_two_who_do_not_say_the_same_of_each_other_begin_anew(mine: Tie, theirs: Tie) -> None:
    graph = among(caller("a").tied("b", mine), caller("b").tied("a", theirs))
    settle(graph, "a")
    assert stand(graph, "a", "b") == (None, None)


def test_whoever_enters_as_they_were_changes_nothing() -> None:
    graph = among(caller("a"), caller("b"))
    call(graph, "a", "b")
    before = dict(graph.callers)
    enter(graph, caller("a"))
    assert graph.callers == before


def test_past_the_limit_one_waits_and_comes_in_when_a_place_is_free() -> None:
    graph = among(caller("a"), caller("b"), caller("c"), limit=1)
    call(graph, "a", "b")
    call(graph, "c", "a")
    assert stand(graph, "a", "c") == (Tie.WAITING, Tie.WAITING)
    decline(graph, "a", "b")
    assert stand(graph, "a", "c") == (Tie.LIVE, Tie.LIVE)
    assert graph.ended == [End("b", "a", EndReason.DECLINED)]


def test_whoever_moves_apart_or_leaves_ends_the_call_on_both_sides_and_why_is_known() -> None:
    graph = among(caller("a"), caller("b"), caller("c"))
    call(graph, "a", "b")
    call(graph, "a", "c")
    enter(graph, caller("b", 50))
    leave(graph, "c", EndReason.LEFT)
    assert graph.callers["a"].ties == {}
    assert graph.ended == [
        End("b", "a", EndReason.APART),
        End("a", "b", EndReason.APART),
        End("a", "c", EndReason.LEFT),
    ]


def test_who_is_away_keeps_their_calls_until_their_time_is_over() -> None:
    graph = among(caller("a"), caller("b"))
    call(graph, "a", "b")
    suspend(graph, "b", NOW_MS + 30_000)
    graph.now_ms += 29_999
    settle(graph, "a")
    assert stand(graph, "a", "b") == (Tie.LIVE, Tie.LIVE)
    enter(graph, caller("b"))
    assert stand(graph, "a", "b") == (Tie.LIVE, Tie.LIVE)
    suspend(graph, "b", graph.now_ms + 30_000)
    graph.now_ms += 30_000
    settle(graph, "a")
    assert stand(graph, "a", "b") == (None, None)
    assert graph.ended[-1].reason is EndReason.GONE


def test_whoever_comes_back_too_late_has_to_knock_again() -> None:
    graph = among(caller("a"), caller("b"))
    call(graph, "a", "b")
    suspend(graph, "b", NOW_MS + 30_000)
    graph.now_ms += 30_000
    enter(graph, caller("b"))
    assert stand(graph, "a", "b") == (None, None)
    assert graph.ended == [End("a", "b", EndReason.GONE)]


def test_without_having_joined_there_is_nothing_to_ask_or_to_end() -> None:
    graph = among(caller("a"), Caller("b"))
    for step in (knock, accept, connected):
        for own in ("b", "nobody"):
            with pytest.raises(Refused) as refused:
                step(graph, own, "a")
            assert refused.value.code == "not-joined"
    decline(graph, "nobody", "a")
    settle(graph, "nobody")
    assert graph.callers["a"].version == 0


def test_every_change_counts_the_version_up() -> None:
    graph = among(caller("a"), caller("b"))
    call(graph, "a", "b")
    versions = [graph.callers[one].version for one in "ab"]
    leave(graph, "a", EndReason.LEFT)
    enter(graph, caller("b"))
    assert all(graph.callers[one].version > was for one, was in zip("ab", versions, strict=True))
