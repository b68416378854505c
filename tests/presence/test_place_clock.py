"""When a told place takes effect: at a moment drawn by chance, and never twice in two minutes."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.geo import Roughness, apart, cell_at, published_cell
from presence.place_clock import (
    FAR_M,
    HOLDS_MS,
    LATEST_MS,
    Draw,
    advance,
    by_chance,
    effective_in_ms,
    is_beyond_a_walk,
    request,
)
from presence.values import WAITS_MAX_MS, Place, Timing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

NOW = 1_700_000_000_000
S = 1_000
# Neighbours, one some streets away, and two that are over a kilometre from all of these.
NEAR = [cell_at(52.52, lon) for lon in (13.40, 13.4015, 13.403, 13.41)]
FAR = [cell_at(52.52, lon) for lon in (13.45, 13.48)]
A, B, C, D = (Place(cell, 500) for cell in NEAR)
ABROAD, BEYOND = (Place(cell, 500) for cell in FAR)


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


def lowest(first: int, last: int) -> int:
    return first


def highest(first: int, last: int) -> int:
    return last


class Walker:
    """Somebody in effect at A for `held_s`, with moments drawn by `draw`; before a far place the
    one in effect holds for `far_holds_s`."""

    def __init__(self, draw: Draw = lowest, held_s: int = 300, far_holds_s: int = 0) -> None:
        self.draw, self.now_ms, self.far_holds_ms = draw, NOW, far_holds_s * S
        self.place, self.timing = A, Timing(NOW - held_s * S)

    def request(self, place: Place) -> int:
        """Seconds until it takes effect."""
        self.place, self.timing = request(
            self.place, self.timing, place, self.now_ms, self.draw, self.far_holds_ms
        )
        return effective_in_ms(self.place, self.timing, self.now_ms) // S

    def at(self, s: int) -> Place:
        """The place in effect so many seconds after the beginning."""
        self.now_ms = NOW + s * S
        self.place, self.timing = advance(self.place, self.timing, self.now_ms)
        return self.place


def test_the_first_place_holds_at_once() -> None:
    place, timing = request(Place("", 0), Timing(), A, NOW, by_chance)
    assert (place, timing) == (A, Timing(NOW))
    assert effective_in_ms(place, timing, NOW) == 0


@pytest.mark.parametrize(("draw", "seconds"), [(lowest, 20), (highest, 88)])
def test_a_move_takes_effect_20_to_90_s_after_it_was_told(draw: Draw, seconds: int) -> None:
    walker = Walker(draw)
    assert walker.request(B) == seconds
    assert [walker.at(s) for s in (0, seconds - 1, seconds)] == [A, A, B]


def test_the_moment_is_another_each_time() -> None:
    assert len({Walker(by_chance).request(B) for _ in range(50)}) > 10


def test_an_area_is_a_place_like_any_other_though_its_cell_may_be_the_same() -> None:
    walker = Walker()
    rough = Place(A.cell, 500, Roughness.AREA)
    middle = Place(published_cell(A.cell, Roughness.AREA), 500, Roughness.AREA)
    assert walker.request(rough) == 20
    assert walker.request(B._replace(roughness=Roughness.AREA)) == 20, "the same area"
    assert [walker.at(s) for s in (19, 20)] == [A, middle]
    fine = middle._replace(roughness=Roughness.BLOCK)
    assert walker.request(fine) == 120
    assert [walker.at(s) for s in (139, 140)] == [middle, fine]
    assert walker.request(rough._replace(radius_m=700)) == 120
    assert walker.at(141) == fine._replace(radius_m=700), "a reach holds at once"


@pytest.mark.parametrize("draw", [lowest, highest])
def test_a_place_holds_for_two_minutes(draw: Draw) -> None:
    walker = Walker(draw, held_s=10)
    assert walker.request(B) == 110
    assert [walker.at(s) for s in (109, 110)] == [A, B]
    assert walker.request(C) == 120


def test_the_newest_place_counts_once_it_is_20_s_old() -> None:
    walker = Walker(highest)
    walker.request(B)
    walker.at(50)
    assert walker.request(C) == 38
    walker.at(80)
    assert walker.request(D) == 120 + 8, "it came too late for this move, and is one of its own"
    assert walker.request(C) == 8
    assert [walker.at(s) for s in (87, 88)] == [A, C]
    walker = Walker(lowest)
    walker.request(B)
    walker.at(10)
    assert walker.request(C) == 20
    assert [walker.at(s) for s in (29, 30)] == [A, C]


def test_what_came_too_late_for_a_move_is_the_next_one() -> None:
    walker = Walker(highest)
    walker.request(B)
    walker.at(80)
    walker.request(C)
    assert [walker.at(s) for s in (88, 207, 208)] == [B, B, C]


def test_what_waited_long_beyond_its_time_does_not_hold_up_the_next() -> None:
    """Nobody called meanwhile."""
    walker = Walker(highest)
    walker.request(B)
    walker.at(80)
    walker.request(C)
    assert walker.at(400) == C


def test_whoever_keeps_telling_is_put_off_by_no_more_than_that() -> None:
    for draw in (lowest, highest):
        walker = Walker(draw)
        moved = [s for s in range(600) if (walker.request((B, C)[s % 2]), walker.at(s) != A)[1]]
        assert moved[0] in range(20, 91)


def test_telling_often_and_coming_back_draw_no_other_moment() -> None:
    drawn = iter(range(1, 100))

    def draw(first: int, last: int) -> int:
        return last - next(drawn)

    walker = Walker(draw)
    first = walker.request(B)
    assert [walker.request(place) for place in (A, B, A, C, B)] == [0, first, 0, first, first]


def test_whoever_comes_back_has_not_moved() -> None:
    walker = Walker(lowest)
    walker.request(B)
    assert walker.request(A) == 0
    held = walker.timing
    assert walker.at(20) == A
    assert walker.timing == Timing(held.moved_ms)


def test_after_ten_still_minutes_a_move_takes_effect_within_20_s() -> None:
    for draw, s in ((lowest, 0), (highest, 18)):
        walker = Walker(draw, held_s=600)
        assert walker.request(B) == s
        assert walker.request(C) == s
        assert walker.at(s) == C
        assert walker.request(B) == 120
    assert Walker(highest, held_s=599).request(B) == 88


def test_a_move_over_a_kilometre_takes_effect_within_20_s() -> None:
    for draw, s in ((lowest, 0), (highest, 18)):
        walker = Walker(draw, held_s=10)
        assert walker.request(ABROAD) == s
        assert walker.request(BEYOND) == s
        assert walker.at(s) == BEYOND


def test_whoever_goes_far_away_and_back_is_no_quicker_than_whoever_stays() -> None:
    for back in (B, A, BEYOND):
        walker = Walker(lowest, held_s=10)
        walker.request(ABROAD)
        assert walker.at(0) == ABROAD
        assert walker.request(back) == 230
        assert [walker.at(s) for s in (229, 230)] == [ABROAD, back]


def test_a_far_move_is_no_quicker_after_a_near_one() -> None:
    walker = Walker(lowest, held_s=130)
    walker.request(B)
    assert walker.at(20) == B
    assert walker.request(ABROAD) == 120
    assert [walker.at(s) for s in (139, 140)] == [B, ABROAD]
    assert walker.request(BEYOND) == 120


def test_a_far_move_is_no_quicker_after_a_near_one_that_was_quick() -> None:
    walker = Walker(lowest, held_s=600)
    walker.request(B)
    assert walker.at(0) == B
    assert walker.request(ABROAD) == 120


def test_after_a_quick_move_the_next_one_is_none_however_far_it_goes() -> None:
    walker = Walker(lowest, held_s=600)
    assert walker.request(B) == 0
    assert walker.at(0) == B
    assert walker.request(ABROAD) == 120


def test_telling_of_somewhere_far_makes_nothing_near_quicker() -> None:
    walker = Walker(highest, held_s=10)
    assert walker.request(ABROAD) == 18
    assert walker.request(B) == 110
    assert walker.at(109) == A


def test_the_reach_holds_at_once_whatever_waits() -> None:
    walker = Walker(lowest)
    walker.request(B._replace(radius_m=2000))
    assert walker.at(0) == A._replace(radius_m=2000)
    assert walker.request(B._replace(radius_m=180)) == 20, "and moves nothing"
    assert walker.at(0) == A._replace(radius_m=150)
    assert walker.at(20) == B._replace(radius_m=150)


def test_a_clock_that_was_set_back_makes_nobody_wait_longer() -> None:
    walker = Walker(highest)
    walker.request(B)
    assert walker.at(-3600) == B
    walker = Walker(highest)
    walker.at(-3600)
    assert walker.request(B) == 120


def test_nothing_waits_for_longer_than_sessions_take_for_a_clock_that_was_set_back() -> None:
    assert WAITS_MAX_MS == 2 * HOLDS_MS + LATEST_MS


def test_without_the_clock_every_place_holds_at_once(settings: Settings) -> None:
    walker = Walker(highest)
    walker.request(B)
    settings.PLACE_CLOCK = False
    assert walker.at(0) == B
    assert walker.request(C) == 0
    assert walker.at(0) == C


# ---- Where a network looks far and wide ---------------------------------------------------------


# 203 m, 406 m and 677 m from A, and 459 m north of it.
WALKED, WALKED_ON, RIDDEN = C, Place(cell_at(52.52, 13.406), 500), D
NORTH = Place(cell_at(52.524, 13.40), 500)


@pytest.mark.parametrize("draw", [lowest, highest])
@pytest.mark.parametrize("told", [RIDDEN, ABROAD])
def test_before_a_far_place_the_one_in_effect_holds_for_four_minutes(
    draw: Draw, told: Place
) -> None:
    walker = Walker(draw, held_s=10, far_holds_s=240)
    assert walker.request(told) == 230
    assert [walker.at(s) for s in (229, 230)] == [A, told]
    assert walker.request(A) == 240


def test_whoever_has_been_there_for_longer_waits_no_longer_than_ever() -> None:
    assert Walker(highest, held_s=300, far_holds_s=240).request(RIDDEN) == 88
    assert Walker(highest, held_s=600, far_holds_s=240).request(RIDDEN) == 18


def test_telling_again_or_of_somewhere_else_makes_a_far_place_no_quicker() -> None:
    walker = Walker(lowest, held_s=10, far_holds_s=240)
    told = (A, RIDDEN, ABROAD, A, ABROAD, BEYOND, RIDDEN)
    assert [walker.request(place) for place in told] == [0, 230, 230, 0, 230, 230, 230]


def test_whoever_walks_waits_no_longer_for_what_they_told_first() -> None:
    walker = Walker(lowest, held_s=10, far_holds_s=240)
    assert walker.request(WALKED) == 110
    walker.at(60)
    assert walker.request(WALKED_ON) == 50 + 120
    assert [walker.at(s) for s in (110, 229, 230)] == [WALKED, WALKED, WALKED_ON]


def test_whoever_first_tells_of_something_near_is_no_sooner_far_away() -> None:
    walker = Walker(lowest, held_s=10, far_holds_s=240)
    walker.request(B)
    assert walker.request(RIDDEN) == 110 + 240
    assert [walker.at(s) for s in (110, 349, 350)] == [B, B, RIDDEN]
    walker = Walker(lowest, held_s=10, far_holds_s=240)
    walker.request(B)
    walker.request(RIDDEN)
    assert walker.request(WALKED) == 110, "the newest counts"


def test_what_is_told_of_somewhere_far_is_20_s_old_when_it_takes_effect() -> None:
    walker = Walker(lowest, held_s=10, far_holds_s=240)
    walker.request(RIDDEN)
    walker.at(225)
    assert walker.request(NORTH) == 20
    assert [walker.at(s) for s in (230, 244, 245)] == [A, A, NORTH]


def test_what_came_too_late_for_a_far_move_waits_four_minutes_after_it() -> None:
    walker = Walker(highest, far_holds_s=240)
    walker.request(RIDDEN)
    walker.at(80)
    assert walker.request(NORTH) == 8 + 240
    assert [walker.at(s) for s in (88, 327, 328)] == [RIDDEN, RIDDEN, NORTH]


# ---- Whatever is told, and whenever ------------------------------------------------------------


class TookEffect(NamedTuple):
    at_s: int
    place: Place
    is_quick: bool


TELLINGS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5, 10, 19, 20, 21, 30, 60, 90, 119, 120, 150, 600, 700]),
        st.sampled_from([A, B, C, D, ABROAD, BEYOND]),
    ),
    min_size=1,
    max_size=25,
)


def effects_of(walker: Walker, tellings: list[tuple[int, Place]]) -> Iterator[TookEffect]:
    """Looks every second."""
    now_s, came_s = 0, (walker.timing.moved_ms - NOW) // S
    moved_s, first_told_s = came_s, {A: came_s}
    for pause_s, told in [*tellings, (400, None)]:
        for s in range(now_s + 1, now_s + pause_s + 1):
            before = walker.place
            if walker.at(s) != before:
                is_far = apart(before.cell, walker.place.cell) > FAR_M
                is_quick = is_far or s - moved_s >= 600
                assert is_quick or s - first_told_s[walker.place] >= 20
                yield TookEffect(s, walker.place, is_quick)
                moved_s = s
        now_s += pause_s
        if told:
            first_told_s.setdefault(told, now_s)
            walker.request(told)
            latest = max(now_s + 90, moved_s + 140, came_s + 260)
            assert walker.timing.pending is None or walker.timing.pending.due_ms <= NOW + latest * S


@settings(max_examples=150, deadline=None)
@given(TELLINGS, st.sampled_from([0, 10, 130, 200]), st.randoms(use_true_random=False))
def test_whatever_is_told_and_whenever_the_rule_holds(
    tellings: list[tuple[int, Place]], held_s: int, chance: random.Random
) -> None:
    walker = Walker(chance.randint, held_s=held_s)
    effects = [*effects_of(walker, tellings)]
    for before, after in pairwise(effects):
        assert after.at_s - before.at_s >= 120
    for second in effects[1:2]:
        assert second.at_s + held_s >= 240, "never three places in less"
    assert walker.place == tellings[-1][1], "the place told last holds in the end"


@settings(max_examples=100, deadline=None)
@given(TELLINGS, st.randoms(use_true_random=False))
def test_whatever_is_told_nobody_goes_far_within_four_minutes_of_their_last_move(
    tellings: list[tuple[int, Place]], chance: random.Random
) -> None:
    walker = Walker(chance.randint, held_s=10, far_holds_s=240)
    at, moved_s = walker.place, -10
    for pause_s, told in [*tellings, (700, tellings[-1][1])]:
        for _ in range(pause_s):
            now_s = (walker.now_ms - NOW) // S + 1
            if walker.at(now_s) != at:
                assert now_s - moved_s >= (240 if is_beyond_a_walk(at, walker.place) else 120)
                at, moved_s = walker.place, now_s
        walker.request(told)
        pending = walker.timing.pending
        assert pending is None or pending.due_ms <= walker.now_ms + WAITS_MAX_MS
    assert walker.place == tellings[-1][1], "the place told last holds in the end"


@settings(max_examples=50, deadline=None)
@given(TELLINGS, st.sampled_from([0, 240]), st.randoms(use_true_random=False))
def test_whoever_tells_is_told_truly_when_it_takes_effect(
    tellings: list[tuple[int, Place]], far_holds_s: int, chance: random.Random
) -> None:
    walker = Walker(chance.randint, held_s=200, far_holds_s=far_holds_s)
    now_s = 0
    for pause_s, told in tellings:
        now_s += pause_s
        walker.at(now_s)
        waits_s = walker.request(told)
    at = {s: walker.at(now_s + s) for s in range(waits_s + 2)}
    assert at[waits_s + 1] == told
    assert waits_s == 0 or at[waits_s - 1] != told
