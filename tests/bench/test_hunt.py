"""The attacks of bench/hunt.py are no weaklings: on what leaks they find what there is to find, and
know nothing that was not shown. And the product, in moved time, leaks no more than it may."""

from __future__ import annotations

import asyncio
import json
import math
import random
import subprocess
import sys
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from bench import hunt
from bench.hunters import moved_time
from bench.hunters.candidates import (
    Hypothesis,
    around,
    best_place,
    cells_of,
    cells_within,
    fitting,
    places_to_try,
    remaining,
    share_of_best,
    sight,
)
from bench.hunters.exact import HOME, next_place
from bench.hunters.followers import Decoder
from bench.hunters.harmless import Diary
from bench.hunters.lines import LineTracker
from bench.hunters.past import (
    PastReader,
    place_messages,
    place_that_shows,
    walk_on,
    weights_of_last,
)
from bench.hunters.tracker import STEP_S, ClockRules, Effect, Motion, Track, Tracker, likelihood
from bench.hunters.walks import (
    TOLD_EVERY_M,
    cell_of,
    column_of,
    column_of_cell,
    publications_of,
    straight,
    through_streets,
)
from presence.geo import RADIUS_STOPS_M, Square, apart, label_m, square_of
from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from pathlib import Path

    from bench.hunters.past import Readings
    from bench.hunters.walks import Point, Told

WALK_S = 900
AT_ONCE = ClockRules(0, STEP_S, 0)


# ---- Places ----------------------------------------------------------------------------------


def test_cells_within_are_those_that_are_no_further_apart() -> None:
    found = cells_within(HOME, 500)
    assert len(found) == len({*found})
    assert max(apart(HOME, one) for one in found) <= 500
    # The next further ones are all missing.
    wider = {*cells_within(HOME, 700)} - {*found}
    assert min(apart(HOME, one) for one in wider) > 500


@pytest.mark.parametrize("reach_m", [500, 2000])
def test_a_toy_whose_places_hold_at_once_gives_a_cell_away_in_a_few_looks(reach_m: int) -> None:
    for seed in range(3):
        chance = random.Random(seed)
        hunted = Hypothesis(chance.choice(cells_within(HOME, 3000)), reach_m)
        here = chance.choice(cells_within(hunted.cell, reach_m))
        left, looks = around(here, RADIUS_STOPS_M), 0
        while len(cells_of(left)) > 1:
            if looks:
                here = next_place(left, here, chance)
            left, looks = fitting(left, here, sight(hunted, here)), looks + 1
        assert cells_of(left) == {hunted.cell}
        assert looks <= 5


def test_a_hunter_who_is_shown_nothing_keeps_all_that_is_out_of_reach() -> None:
    far = Hypothesis(cells_within(HOME, 2000)[0], 500)
    near = Hypothesis(HOME, 500)
    assert fitting([far, near], HOME, None) == [far]
    assert fitting([far, near], HOME, sight(near, HOME)) == [near]


def test_the_best_place_leaves_the_fewest() -> None:
    chance = random.Random(1)
    left = around(HOME, [2000])
    places = places_to_try(left, HOME, chance)
    best = best_place(left, places)
    assert remaining(left, best) == min(remaining(left, one) for one in places)
    assert share_of_best([*left, left[7]])[0] == left[7].cell


# ---- The past --------------------------------------------------------------------------------


class ToyReader(PastReader):
    """A product that shows what somebody said in some cells, with labels or by the cell."""

    def __init__(
        self, said: Sequence[Hypothesis], *, labels: bool = False, by_cell: bool = False
    ) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.said, self.labels, self.by_cell = said, labels, by_cell

    def shows(self, one: Hypothesis, cell: str, reach_m: int) -> bool:
        if self.by_cell:
            return apart(one.cell, cell) <= min(reach_m, one.reach_m)
        return super().shows(one, cell, reach_m)

    def around(self, first: str) -> list[Hypothesis]:
        return around(first, RADIUS_STOPS_M) if self.by_cell else super().around(first)

    async def read(self, cell: str, message_ids: Sequence[str]) -> list[Readings]:
        found: list[Readings] = []
        for one in self.said:
            metres = label_m(apart(cell, one.cell)) if self.labels else None
            shown = {reach_m: self.shows(one, cell, reach_m) for reach_m in RADIUS_STOPS_M}
            found.append({stop: (seen, metres if seen else None) for stop, seen in shown.items()})
        return found


async def last_lines(lines: int, **toy: bool) -> list[Counter[str]]:
    """How likely each cell is of the last line of some, by what is read from six places."""
    found = []
    for seed in range(3):
        chance = random.Random(seed)
        cells = walk_on(chance, chance.choice(cells_within(HOME, 3000)), lines)
        reader = ToyReader([Hypothesis(cell, 1000) for cell in cells], **toy)
        first = place_that_shows(reader, cells, 1000, chance)
        ids = [f"{turn}-0" for turn in range(lines)]
        weights = weights_of_last(await place_messages(reader, ids, first, 6, chance))
        assert weights[cells[-1]]
        found.append(weights)
    return found


@pytest.mark.parametrize(("leak", "most"), [("labels", 12), ("by_cell", 1)])
async def test_a_past_that_has_labels_or_goes_by_cells_is_placed_better(
    leak: str, most: int
) -> None:
    assert all(len(one) <= most for one in await last_lines(1, **{leak: True}))


async def test_a_past_that_goes_by_squares_is_placed_to_a_square_and_no_better() -> None:
    for weights in await last_lines(1):
        by_square: dict[Square, set[int]] = {}
        for cell, weight in weights.items():
            by_square.setdefault(square_of(cell, 1000), set()).add(weight)
        assert len(weights) == 16 * len(by_square)
        assert all(len(each) == 1 for each in by_square.values()), "none likelier than another"


async def test_whoever_goes_on_between_lines_is_placed_by_all_of_them() -> None:
    """The hunter reckons with it: none would be likelier than 1 in 16 by the last one alone."""
    for weights in await last_lines(3):
        assert max(weights.values()) / weights.total() > 1 / 16


# ---- Walkers ---------------------------------------------------------------------------------


def errors(track: Track, walk: list[Point]) -> tuple[float, float]:
    truth = [walk[int(turn * STEP_S)] for turn in range(len(track.live))]
    live, back = (mean(map(math.dist, found, truth)) for found in (track.live, track.back))
    return live, back


def effects_of(told: list[Told]) -> list[Effect]:
    return [Effect(one.at_s, column_of_cell(one.cell)) for one in told[1:]]


def test_a_page_tells_a_cell_each_time_it_has_moved_on() -> None:
    chance = random.Random(1)
    gone_m, times = 0.0, 0
    for _ in range(20):
        walk = straight(chance, WALK_S)
        told = publications_of(walk, chance)
        assert all(one.cell != after.cell for one, after in pairwise(told))
        gone_m += math.dist(walk[0], walk[int(told[-1].at_s)])
        times += len(told) - 1
    # Now and then somebody is in the same cell after as far.
    assert TOLD_EVERY_M - 3 < gone_m / times < TOLD_EVERY_M + 12


def test_a_cell_has_its_column() -> None:
    for x, y in ((0.0, 0.0), (400.0, -900.0), (-1700.0, 333.0)):
        assert column_of(x, y) == column_of_cell(cell_of(x, y))


def test_a_straight_walk_whose_cells_hold_at_once_is_known_to_less_than_a_cell() -> None:
    found = []
    for seed in range(3):
        chance = random.Random(seed)
        walk = straight(chance, WALK_S)
        told = publications_of(walk, chance)
        tracker = LineTracker(column_of_cell(told[0].cell), AT_ONCE, chance, 100)
        found.append(errors(tracker.track(effects_of(told), WALK_S - STEP_S), walk))
    assert mean(back for _, back in found) < 48
    assert mean(live for live, _ in found) < 80


def test_a_walk_through_streets_is_followed_and_better_known_looking_back() -> None:
    found = []
    for seed in range(3):
        chance = random.Random(seed)
        walk = through_streets(chance, WALK_S)
        told = publications_of(walk, chance)
        first, motion = column_of_cell(told[0].cell), Motion(turns=True)
        tracker = Tracker(first, AT_ONCE, motion, chance, 700)
        found.append(errors(tracker.track(effects_of(told), WALK_S - STEP_S), walk))
    live_m, back_m = mean(live for live, _ in found), mean(back for _, back in found)
    assert back_m < live_m < 130


def test_who_is_shown_nothing_knows_nothing() -> None:
    chance = random.Random(1)
    walk = straight(chance, WALK_S)
    first = column_of(*walk[0])
    assert errors(LineTracker(first, AT_ONCE, chance, 100).track([], WALK_S), walk)[0] > 400
    tracker = Tracker(first, AT_ONCE, Motion(turns=False), chance, 300)
    assert errors(tracker.track([], WALK_S - STEP_S), walk)[0] > 300


def test_an_effect_is_as_likely_as_the_moments_in_which_it_was_the_newest_word() -> None:
    told = (100.0, (1, 0), (50.0, (0, 0), None))
    assert likelihood(told, Effect(160.0, (0, 0)), 20, 90) == pytest.approx(30 / 70)
    assert likelihood(told, Effect(160.0, (1, 0)), 20, 90) == pytest.approx(40 / 70)
    assert likelihood(told, Effect(160.0, (2, 0)), 20, 90) == 0


def test_labels_from_some_places_say_which_cell() -> None:
    cells = cells_within(HOME, 300)
    before, after = HOME, cells[0]
    places = [one for one in cells_within(HOME, 400) if apart(one, HOME) > 250][::4]
    decoder = Decoder(before)

    def labels(cell: str) -> dict[str, int | None]:
        return {
            place: label_m(apart(cell, place)) if apart(cell, place) <= 500 else None
            for place in places
        }

    decoder.observe(10, labels(before))
    assert decoder.cells == {before}
    decoder.observe(20, labels(after))
    assert decoder.cells == {after}
    assert decoder.effects == [(20, after)]


# ---- Those who do no harm --------------------------------------------------------------------


def test_a_diary_counts_who_was_missed_and_how_late_the_list_was() -> None:
    diary = Diary()
    for second in range(100):
        due = {"long", "never"} if second < 60 else {"brief"} if second < 70 else set()
        shown = {"long"} if 12 <= second < 66 else set()
        diary.note(float(second), due, shown)
    found = diary.summary()
    assert (found["met"], found["missed"], found["late_mean_s"]) == (2, 1, 12)
    assert found["stale_share"] == round(6 / 54, 3)


# ---- Moved time, and the table ---------------------------------------------------------------


def test_moved_time_jumps_to_what_is_next() -> None:
    order: list[str] = []

    async def one(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        order.append(name)

    async def both() -> None:
        await asyncio.gather(one("later", 7200), one("sooner", 3600))

    before_s = moved_time.TIME.now_s
    moved_time.run(both())
    assert order == ["sooner", "later"]
    assert moved_time.TIME.now_s - before_s == pytest.approx(7200)


def test_the_table_stands_in_the_file_in_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "HUNT.md"
    path.write_text(f"# Before\n\n{hunt.BEGIN}\nold\n{hunt.END}\n\nAfter\n")
    hunt.write(path, [hunt.AttackRow("an attack", "1 s", "2 s", "1.5 s", holds=False)])
    text = path.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nAfter\n")
    assert "| an attack | 1 s | 2 s | 1.5 s | MISSED |" in text
    assert "old" not in text


# ---- The product -----------------------------------------------------------------------------


def attack(name: str, size: int, **options: Any) -> dict[str, Any]:
    """What comes of an attack on the product as it is."""
    command = [sys.executable, "-m", "bench.hunters.played", name, str(size), json.dumps(options)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_one_place_shows_a_ring_of_cells() -> None:
    found = attack("sweep", 3)
    assert found["500"]["expected"] >= 8
    assert found["2000"]["expected"] >= 95
    assert found["500"]["agrees"]
    assert found["2000"]["agrees"]


def test_all_sessions_and_reaches_together_place_the_past_to_a_square() -> None:
    found = attack("past", 2, places=3)
    assert found["fewest_cells"] >= 16
    assert found["by_chance"] <= 0.2


def test_one_session_needs_four_minutes_for_an_exact_cell() -> None:
    """For three places show it, as a rule. Now and then two do."""
    found = attack("exact", 6)
    assert found["right"]
    assert found["found"] == found["hunts"]
    assert found["three_s"] >= 240


def test_whoever_looks_and_is_gone_is_shown_for_half_a_minute() -> None:
    """But whoever blocks is hidden at once, as the docs say."""
    found = attack("seen", 24)
    assert found["unseen"] == []
    assert (found["told"], found["shown"]) == (25, 25)
