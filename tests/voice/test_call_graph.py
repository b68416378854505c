"""Who asked, who agreed and who is connected: one step after another, on both sides."""

from __future__ import annotations

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES
from presence.geo import CELL_DEGREES, cell_at
from presence.people import Place
from voice.call_graph import DECLINED_MS, TAKEN_BACK_MS, TIES_MAX, End, Reason, Ties
from voice.callers import Caller, Tie

NOW_MS = 1_800_000_000_000
HERE = "here"


def caller(person_id: str, column: int = 0, radius_m: int = 500) -> Caller:
    place = Place(cell_at(52.52, 13.4 + column * CELL_DEGREES), radius_m)
    return Caller(person_id, person_id, place, process=HERE)


def among(*callers: Caller, limit: int = 8, now_ms: int = NOW_MS) -> Ties:
    return Ties({one.person_id: one for one in callers}, frozenset({HERE}), now_ms, limit)


def stand(ties: Ties, one: str, other: str) -> tuple[Tie | None, Tie | None]:
    """How each of two stands with the other."""
    return ties.callers[one].ties.get(other), ties.callers[other].ties.get(one)


def call(ties: Ties, one: str, other: str) -> None:
    ties.knock(one, other)
    ties.accept(other, one)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> tuple[str, str | None]:
    return refused.value.code, refused.value.ref


def test_a_knock_waits_and_a_yes_connects_both() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    assert stand(ties, "a", "b") == (Tie.KNOCKED, Tie.KNOCKS)
    ties.accept("b", "a")
    assert stand(ties, "a", "b") == (Tie.LIVE, Tie.LIVE)


def test_knocking_at_somebody_who_knocks_is_a_yes_and_once_more_is_nothing() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.knock("a", "b")
    assert stand(ties, "a", "b") == (Tie.KNOCKED, Tie.KNOCKS)
    ties.knock("b", "a")
    assert stand(ties, "a", "b") == (Tie.LIVE, Tie.LIVE)


def test_nobody_says_yes_for_somebody_else() -> None:
    ties = among(caller("a"), caller("b"))
    with pytest.raises(Refused) as refused:
        ties.accept("a", "b")
    assert code_of(refused) == ("not-agreed", "b")
    ties.knock("a", "b")
    with pytest.raises(Refused) as refused:
        ties.accept("a", "b")
    assert code_of(refused) == ("not-agreed", "b")
    with pytest.raises(Refused) as refused:
        ties.connected("a", "b")
    assert code_of(refused) == ("not-agreed", "b")


@pytest.mark.parametrize("to", ["far", "a", "nobody", "dead"])
def test_who_is_far_unknown_vanished_or_oneself_is_out_of_reach(to: str) -> None:
    dead = caller("dead").changed(process="gone")
    ties = among(caller("a", radius_m=100), caller("far", 9, 100), dead)
    for act in (ties.knock, ties.accept, ties.connected):
        with pytest.raises(Refused) as refused:
            act("a", to)
        assert code_of(refused) == ("out-of-reach", to)
    assert not ties.callers["a"].ties


def test_a_decline_is_remembered_for_ten_minutes_and_binds_only_who_was_declined() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.decline("b", "a")
    assert stand(ties, "a", "b") == (None, None)
    assert ties.ended == []
    ties.now_ms += DECLINED_MS - 1
    with pytest.raises(Refused) as refused:
        ties.knock("a", "b")
    assert code_of(refused) == ("declined", "b")
    assert refused.value.retry_after == 1
    ties.now_ms += 1
    ties.knock("a", "b")
    ties.decline("b", "a")
    ties.knock("b", "a")
    assert stand(ties, "b", "a") == (Tie.KNOCKED, Tie.KNOCKS)
    ties.decline("b", "a")
    ties.knock("a", "b")
    assert stand(ties, "a", "b") == (Tie.KNOCKED, Tie.KNOCKS)


def test_a_decline_outlives_leaving_and_joining_again() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.decline("b", "a")
    for person_id in "ab":
        ties.leave(person_id, Reason.LEFT)
        ties.enter(caller(person_id))
    with pytest.raises(Refused) as refused:
        ties.knock("a", "b")
    assert code_of(refused) == ("declined", "b")


def test_of_who_has_left_nothing_is_kept_but_what_holds_them_back() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("b", "a")
    ties.decline("a", "b")
    ties.leave("a", Reason.LEFT)
    left = ties.callers["a"]
    assert left == Caller("a", version=left.version, declined=left.declined)
    assert [*left.declined] == ["b"]


def test_a_decline_that_is_over_is_forgotten_with_the_next() -> None:
    ties = among(caller("a"), caller("b"), caller("c"))
    ties.knock("b", "a")
    ties.decline("a", "b")
    ties.now_ms += DECLINED_MS
    ties.knock("c", "a")
    ties.decline("a", "c")
    assert [*ties.callers["a"].declined] == ["c"]


def test_a_hundred_knocks_are_too_many() -> None:
    others = [caller(f"b{turn}") for turn in range(100)]
    ties = among(caller("a"), *others)
    codes = []
    for other in others:
        try:
            ties.knock("a", other.person_id)
        except Refused as refused:
            codes.append(refused.code)
    assert codes == ["too-fast"] * (100 - RULES["voice.knock"].burst)


def test_nobody_is_asked_by_more_than_they_can_answer() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX + 1)]
    ties = among(caller("a"), *others)
    for other in others[:-1]:
        ties.knock(other.person_id, "a")
    with pytest.raises(Refused) as refused:
        ties.knock(others[-1].person_id, "a")
    assert code_of(refused) == ("busy", "a")


def test_whoever_is_asked_by_too_many_can_still_ask() -> None:
    others = [caller(f"b{turn:02}") for turn in range(TIES_MAX)]
    ties = among(caller("a"), caller("friend"), *others)
    for other in others:
        ties.knock(other.person_id, "a")
    call(ties, "a", "friend")
    assert stand(ties, "a", "friend") == (Tie.LIVE, Tie.LIVE)


def test_a_knock_that_was_taken_back_is_not_repeated_for_a_minute() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.decline("a", "b")
    ties.now_ms += TAKEN_BACK_MS - 1
    with pytest.raises(Refused) as refused:
        ties.knock("a", "b")
    assert (refused.value.code, refused.value.retry_after) == ("declined", 1)
    ties.now_ms += 1
    ties.knock("a", "b")
    ties.leave("a", Reason.LEFT)
    ties.enter(caller("a"))
    with pytest.raises(Refused) as refused:
        ties.knock("a", "b")
    assert code_of(refused) == ("declined", "b")
    assert ties.ended == []


def test_a_knock_that_ended_by_moving_apart_may_be_repeated() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.enter(caller("a", 50))
    ties.enter(caller("a"))
    ties.knock("a", "b")
    assert stand(ties, "a", "b") == (Tie.KNOCKED, Tie.KNOCKS)


def test_taking_a_knock_back_does_not_shorten_a_no() -> None:
    ties = among(caller("a"), caller("b"))
    ties.knock("a", "b")
    ties.decline("b", "a")
    ties.callers["a"] = ties.callers["a"].tied("b", Tie.KNOCKED)
    ties.callers["b"] = ties.callers["b"].tied("a", Tie.KNOCKS)
    ties.decline("a", "b")
    assert ties.callers["b"].declined == {"a": NOW_MS + DECLINED_MS}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(Tie.LIVE, Tie.KNOCKED), (Tie.KNOCKED, Tie.KNOCKED), (Tie.WAITING, Tie.LIVE)],
)
def test_two_who_do_not_say_the_same_of_each_other_begin_anew(mine: Tie, theirs: Tie) -> None:
    ties = among(caller("a").tied("b", mine), caller("b").tied("a", theirs))
    ties.settle("a")
    assert stand(ties, "a", "b") == (None, None)


def test_whoever_enters_as_they_were_changes_nothing() -> None:
    ties = among(caller("a"), caller("b"))
    call(ties, "a", "b")
    before = dict(ties.callers)
    ties.enter(caller("a"))
    assert ties.callers == before


def test_past_the_limit_one_waits_and_comes_in_when_a_place_is_free() -> None:
    ties = among(caller("a"), caller("b"), caller("c"), limit=1)
    call(ties, "a", "b")
    call(ties, "c", "a")
    assert stand(ties, "a", "c") == (Tie.WAITING, Tie.WAITING)
    ties.decline("a", "b")
    assert stand(ties, "a", "c") == (Tie.LIVE, Tie.LIVE)
    assert ties.ended == [End("b", "a", Reason.DECLINED)]


def test_whoever_moves_apart_or_leaves_ends_the_call_on_both_sides_and_why_is_known() -> None:
    ties = among(caller("a"), caller("b"), caller("c"))
    call(ties, "a", "b")
    call(ties, "a", "c")
    ties.enter(caller("b", 50))
    ties.leave("c", Reason.LEFT)
    assert ties.callers["a"].ties == {}
    assert ties.ended == [
        End("b", "a", Reason.APART),
        End("a", "b", Reason.APART),
        End("a", "c", Reason.LEFT),
    ]


def test_who_is_away_keeps_their_calls_until_their_time_is_over() -> None:
    ties = among(caller("a"), caller("b"))
    call(ties, "a", "b")
    ties.step_out("b", NOW_MS + 30_000)
    ties.now_ms += 29_999
    ties.settle("a")
    assert stand(ties, "a", "b") == (Tie.LIVE, Tie.LIVE)
    ties.enter(caller("b"))
    assert stand(ties, "a", "b") == (Tie.LIVE, Tie.LIVE)
    ties.step_out("b", ties.now_ms + 30_000)
    ties.now_ms += 30_000
    ties.settle("a")
    assert stand(ties, "a", "b") == (None, None)
    assert ties.ended[-1].reason is Reason.GONE


def test_whoever_comes_back_too_late_has_to_knock_again() -> None:
    ties = among(caller("a"), caller("b"))
    call(ties, "a", "b")
    ties.step_out("b", NOW_MS + 30_000)
    ties.now_ms += 30_000
    ties.enter(caller("b"))
    assert stand(ties, "a", "b") == (None, None)
    assert ties.ended == [End("a", "b", Reason.GONE)]


def test_without_having_joined_there_is_nothing_to_ask_or_to_end() -> None:
    ties = among(caller("a"), Caller("b"))
    for act in (Ties.knock, Ties.accept, Ties.connected):
        for own in ("b", "nobody"):
            with pytest.raises(Refused) as refused:
                act(ties, own, "a")
            assert refused.value.code == "not-joined"
    ties.decline("nobody", "a")
    ties.settle("nobody")
    assert ties.callers["a"].version == 0


def test_every_change_counts_the_version_up() -> None:
    ties = among(caller("a"), caller("b"))
    call(ties, "a", "b")
    versions = [ties.callers[one].version for one in "ab"]
    ties.leave("a", Reason.LEFT)
    ties.enter(caller("b"))
    assert all(ties.callers[one].version > was for one, was in zip("ab", versions, strict=True))
