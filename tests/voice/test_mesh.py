"""Who may speak with whom, who does, and what each person's list says."""

from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from presence.geo import CELL_DEGREES, Roughness, cell_at
from presence.values import Place
from voice.callers import Caller
from voice.mesh import (
    Mesh,
    Pair,
    Unheard,
    Why,
    connect,
    heard_by,
    is_direct,
    is_polite,
    label_between_m,
    may_speak,
    rank_m,
    unheard_by,
)

LIMIT = 3


def voice(person_id: str, column: int, radius_m: int = 100, *, direct: bool = False) -> Caller:
    """A caller so many cells to the east."""
    place = Place(cell_at(52.52, 13.4 + column * CELL_DEGREES), radius_m)
    return Caller(person_id, place=place, direct=direct)


def test_beyond_the_range_of_the_chat_no_distance_is_told_and_none_goes_before_another() -> None:
    me, near = voice("me", 0, 300), voice("a", 3, 500)
    far, farther = voice("c", 5, 2000), voice("b", 9, 2000)
    assert [label_between_m(me, one) for one in (near, far, farther)] == [300, None, None]
    assert [label_between_m(one, me) for one in (near, far, farther)] == [300, None, None]
    assert label_between_m(far, farther) == 350
    assert all(may_speak(me, one) for one in (near, far, farther))
    assert rank_m(me, near) < rank_m(me, far) == rank_m(me, farther)


def test_with_an_area_distances_and_orders_go_in_steps_of_500_metres() -> None:
    def placed(person_id: str, column: int, roughness: Roughness) -> Caller:
        one = voice(person_id, column, 2000)
        return one.changed(place=one.place._replace(roughness=roughness))

    rough = placed("me", 0, Roughness.AREA)
    others = [placed(f"p{far}", far, Roughness.BLOCK) for far in (0, 2, 3, 7, 9, 12)]
    assert [label_between_m(rough, one) for one in others] == [0, 0, 500, 500, 1000, 1000]
    assert [label_between_m(one, rough) for one in others] == [0, 0, 500, 500, 1000, 1000]
    assert rank_m(rough, others[2]) == rank_m(others[3], rough)
    waits = {frozenset({"me", one.person_id}) for one in others}
    mesh = connect(of(rough, *others), waits, (), 1)
    assert [*mesh.waiting][:2] == [frozenset({"me", "p2"}), frozenset({"me", "p3"})]
    same = placed("me", 0, Roughness.BLOCK)
    assert [label_between_m(same, one) for one in others] == [0, 200, 300, 700, 800, 1200]


def of(*voices: Caller) -> dict[str, Caller]:
    return {one.person_id: one for one in voices}


def pairs(*names: str) -> set[Pair]:
    return {frozenset(name) for name in names}


# Two cells are about 190 m here: only neighbours' circles of 100 m meet.
LINE = of(*(voice(name, 2 * turn) for turn, name in enumerate("ABCD")))
NEIGHBOURS = pairs("AB", "BC", "CD")


# ---- Rules ---------------------------------------------------------------------------------------


def test_in_a_line_only_neighbours_may_speak() -> None:
    found = {
        frozenset({one.person_id, other.person_id})
        for one in LINE.values()
        for other in LINE.values()
        if may_speak(one, other)
    }
    assert found == NEIGHBOURS


def test_nobody_speaks_with_themselves() -> None:
    assert not may_speak(LINE["A"], LINE["A"])


def test_of_two_exactly_one_is_polite() -> None:
    assert is_polite("a", "b") is not is_polite("b", "a")


def test_a_call_is_direct_only_when_both_chose_it() -> None:
    shy, open_ = voice("a", 0), voice("b", 0, direct=True)
    assert [is_direct(one, other) for one in (shy, open_) for other in (shy, open_)] == [
        False,
        False,
        False,
        True,
    ]


# ---- Lists ---------------------------------------------------------------------------------------


def test_in_a_line_each_list_says_who_hears_one_and_who_does_not() -> None:
    mesh = connect(LINE, NEIGHBOURS, (), LIMIT)
    assert {name: heard_by(name, mesh) for name in LINE} == {
        "A": ["B"],
        "B": ["A", "C"],
        "C": ["B", "D"],
        "D": ["C"],
    }
    assert unheard_by("A", mesh, LINE) == [Unheard("C", Why.APART, ("B",))]
    assert unheard_by("B", mesh, LINE) == [Unheard("D", Why.APART, ("C",))]


def test_who_is_near_and_does_not_hear_one_waits_or_has_not_agreed() -> None:
    voices = of(*(voice(name, 0) for name in "ABC"))
    strangers = connect(voices, pairs("AB", "BC"), (), LIMIT)
    assert unheard_by("A", strangers, voices) == [Unheard("C", Why.STRANGER, ("B",))]
    in_line = Mesh(frozenset(pairs("AB", "BC")), (frozenset("AC"),))
    assert unheard_by("A", in_line, voices) == [Unheard("C", Why.WAITING, ("B",))]


# ---- Connections ---------------------------------------------------------------------------------


def test_past_the_limit_the_nearest_are_connected_and_the_next_one_when_somebody_leaves() -> None:
    voices = of(voice("me", 0, 2000), *(voice(f"p{turn}", turn, 2000) for turn in range(1, 7)))
    agreed = {frozenset({"me", name}) for name in voices if name != "me"}
    mesh = connect(voices, agreed, (), LIMIT)
    assert heard_by("me", mesh) == ["p1", "p2", "p3"]
    assert [*mesh.waiting] == [frozenset({"me", name}) for name in ("p4", "p5", "p6")]
    left = mesh.live - {frozenset({"me", "p2"})}
    del voices["p2"]
    assert heard_by("me", connect(voices, agreed, left, LIMIT)) == ["p1", "p3", "p4"]


def test_who_speaks_with_somebody_unknown_has_a_place_less() -> None:
    voices = of(voice("me", 0), voice("one", 0), voice("two", 0))
    agreed = {frozenset({"me", "one"}), frozenset({"me", "two"})}
    beyond = {frozenset({"me", "far"}), frozenset({"one", "farther"})}
    mesh = connect(voices, agreed, beyond, 2)
    assert mesh.live == beyond | {frozenset({"me", "one"})}
    assert mesh.waiting == (frozenset({"me", "two"}),)


def test_who_speaks_is_not_sent_away_by_somebody_nearer() -> None:
    voices = of(voice("me", 0, 2000), *(voice(f"p{turn}", turn, 2000) for turn in range(1, 5)))
    live = {frozenset({"me", name}) for name in ("p2", "p3", "p4")}
    mesh = connect(voices, {*live, frozenset({"me", "p1"})}, live, LIMIT)
    assert mesh.live == live
    assert mesh.waiting == (frozenset({"me", "p1"}),)


def test_who_moves_apart_is_connected_no_more() -> None:
    mesh = connect(LINE, NEIGHBOURS, (), LIMIT)
    moved = {**LINE, "B": voice("B", 9)}
    assert connect(moved, NEIGHBOURS, mesh.live, LIMIT).live == pairs("CD")


NAMES = "abcdefgh"
CROWDS = st.fixed_dictionaries(
    {},
    optional={
        name: st.builds(voice, st.just(name), st.integers(0, 8), st.sampled_from([100, 300, 700]))
        for name in NAMES
    },
)
SOME = st.sets(st.sampled_from([frozenset(pair) for pair in combinations(NAMES, 2)]))


@settings(max_examples=1000, deadline=None)
@given(CROWDS, SOME, SOME)
def test_whoever_comes_and_agrees_the_mesh_keeps_its_rules(
    voices: dict[str, Caller], agreed: set[Pair], before: set[Pair]
) -> None:
    live = connect(voices, before, (), LIMIT).live
    mesh = connect(voices, agreed, live, LIMIT)
    connections = Counter(person for pair in mesh.live for person in pair)
    wanted = {
        pair
        for pair in agreed
        if pair <= voices.keys() and may_speak(*(voices[one] for one in pair))
    }
    assert mesh.live.isdisjoint(mesh.waiting)
    assert {*mesh.live, *mesh.waiting} == wanted
    assert live & wanted <= mesh.live
    assert max(connections.values(), default=0) <= LIMIT
    for pair in mesh.waiting:
        assert any(connections[person] == LIMIT for person in pair)
    ranks = [(rank_m(*(voices[one] for one in pair)), sorted(pair)) for pair in mesh.waiting]
    assert ranks == sorted(ranks)
    assert connect(voices, agreed, mesh.live, LIMIT) == mesh
    for one in voices:
        for other in heard_by(one, mesh):
            assert one in heard_by(other, mesh)
        unheard = {each.person_id for each in unheard_by(one, mesh, voices)}
        assert unheard.isdisjoint({one, *heard_by(one, mesh)})
