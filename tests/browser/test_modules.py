"""The pure modules of the page, run where they run: in a browser, beside their Python twins."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from neartalk import graphemes
from neartalk.text import MESSAGE_MAX, TextRefused, clean_message
from presence.geo import (
    CELL_DEGREES,
    Roughness,
    cell_at,
    centre,
    published_cell,
    published_point,
)
from tests.support.client import route_hint

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.client import Spot

pytestmark = pytest.mark.browser

METRE = 1 / 111_195  # in degrees of latitude
START_MS = 1_800_000_000_000

CELLS = """async (spots) => {
  const { encode, centre, isCell } = await import('/static/js/place/geohash.js');
  return spots.map(([lat, lon]) => {
    const cell = encode(lat, lon);
    const middle = centre(cell);
    return { cell, ...middle, is: isCell(cell), again: encode(middle.lat, middle.lon) };
  });
}"""
# One fix after another: metres north of the anchor, ms since the start, and whether the page comes
# from being hidden. Answers where the anchor went.
JUDGE = """async ([fixes, metre]) => {
  const { anchoredAt, applyFix } = await import('/static/js/place/movement.js');
  let state = anchoredAt({ lat: 0, lon: 0 });
  return fixes.map(([north, at, returned]) => {
    const judged = applyFix(state, { lat: north * metre, lon: 0 }, at, returned);
    state = judged.state;
    return judged.moved;
  });
}"""


# ---- Cells ---------------------------------------------------------------------------------------


def spots() -> list[Spot]:
    """Anywhere, on borders of cells and a hair beside them, and where the grid ends."""
    chance = random.Random(2)
    anywhere = [(chance.uniform(-85, 85), chance.uniform(-180, 180)) for _ in range(4000)]
    borders = [
        (
            chance.randrange(-(1 << 16), 1 << 16) * CELL_DEGREES + by_lat,
            chance.randrange(-(1 << 17), 1 << 17) * CELL_DEGREES + by_lon,
        )
        for _ in range(600)
        for by_lat in (0.0, 1e-12, -1e-12)
        for by_lon in (0.0, 1e-12)
    ]
    ends = [
        (lat, lon)
        for lat in (-85.0, -84.9999999, -0.0, 0.0, 84.9999999, 85.0)
        for lon in (-180.0, -179.9999999, -0.0, 0.0, 179.9999999, 180.0)
    ]
    return [
        (lat, lon) for lat, lon in anywhere + borders + ends if abs(lat) <= 85 and abs(lon) <= 180
    ]


def test_the_page_and_the_server_put_every_spot_into_the_same_cell(page: Page) -> None:
    places = spots()
    found = page.evaluate(CELLS, places)
    assert len(found) == len(places) > 7000
    for spot, answer in zip(places, found, strict=True):
        cell = cell_at(*spot)
        assert answer["cell"] == cell, spot
        assert (answer["lat"], answer["lon"]) == centre(cell), spot
        assert answer["again"] == cell, spot
        assert answer["is"] is True


def test_the_page_knows_who_is_beyond_85_degrees_and_tells_no_point_there(page: Page) -> None:
    ends = [85.0, -85.0, 85.0000001, -85.0000001, 90.0, "NaN"]
    ask = """async (ends) => {
      const { encode, isBeyond, publishedPoint } = await import('/static/js/place/geohash.js');
      return ends.map(Number).map((lat) => [isBeyond(lat), publishedPoint(encode(lat, 10)).lat]);
    }"""
    found = page.evaluate(ask, ends)
    assert [is_beyond for is_beyond, _ in found] == [False, False, True, True, True, True]
    assert [lat for _, lat in found[:2]] == [85, -85]
    assert published_point(cell_at(85, 10))[0] == 85


def test_past_180_is_the_other_side(page: Page) -> None:
    found = page.evaluate(CELLS, [[52.5, 190], [52.5, -190], [52.5, 540]])
    assert [one["cell"] for one in found] == [
        cell_at(52.5, -170),
        cell_at(52.5, 170),
        cell_at(52.5, -180),
    ]


def test_a_hint_is_one_of_1024_and_shared_by_districts_all_over_the_world(page: Page) -> None:
    cells = [cell_at(*spot) for spot in spots()[:4000]]
    hints = """async (cells) => {
      const { hint } = await import('/static/js/place/geohash.js');
      return cells.map(hint);
    }"""
    found = page.evaluate(hints, cells)
    assert found == [route_hint(cell) for cell in cells]
    assert page.evaluate(hints, [f"{cell[:5]}zz" for cell in cells]) == found
    assert set(found) <= {*range(1024)}
    assert len(set(found)) > 950, "all of them are used"


def test_only_seven_characters_of_the_alphabet_are_a_cell(page: Page) -> None:
    texts: list[Any] = [
        "u33dc0",
        "u33dc0cp",
        "u33dc0a",
        "u33dc0i",
        "U33DC0C",
        "",
        "<b>/../",
        None,
        7,
    ]
    check = """async (all) => {
      const { isCell } = await import('/static/js/place/geohash.js');
      return all.map(isCell);
    }"""
    assert page.evaluate(check, ["u33dc0c", *texts]) == [True, *[False] * len(texts)]


# ---- The anchor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixes", "moved"),
    [
        pytest.param([(149, 0), (149, 1), (149, 2), (149, 60_000)], [0, 0, 0, 0], id="noise"),
        pytest.param([(200, 0), (200, 1), (200, 2)], [0, 0, 1], id="three outside"),
        pytest.param(
            [(200, 0), (200, 1), (100, 2), (200, 3), (200, 4), (200, 5)],
            [0, 0, 0, 0, 0, 1],
            id="one inside starts the count anew",
        ),
        pytest.param([(200, 0), (200, 19_999)], [0, 0], id="not yet 20 s outside"),
        pytest.param([(200, 0), (200, 20_000)], [0, 1], id="20 s outside"),
        pytest.param(
            [(200, 0), (100, 19_000), (200, 20_000)], [0, 0, 0], id="20 s with one inside"
        ),
        pytest.param([(1001, 0)], [1], id="over 1 km"),
        pytest.param([(999, 0)], [0], id="under 1 km"),
        pytest.param([(1001, 0), (1100, 1), (2100, 2)], [1, 0, 1], id="the move is the new anchor"),
    ],
)
def test_a_move_is_published_by_the_rule_of_the_anchor(
    page: Page, fixes: list[tuple[int, int]], moved: list[int]
) -> None:
    timed = [[north, START_MS + at, False] for north, at in fixes]
    assert page.evaluate(JUDGE, [timed, METRE]) == [bool(one) for one in moved]


def test_after_a_minute_hidden_the_first_fix_outside_counts(page: Page) -> None:
    assert page.evaluate(JUDGE, [[[200, START_MS, True]], METRE]) == [True]
    assert page.evaluate(JUDGE, [[[149, START_MS, True]], METRE]) == [False]


def test_the_first_fix_of_all_is_published_and_a_still_device_is_waited_for(page: Page) -> None:
    answer = page.evaluate(
        """async ([metre, start]) => {
          const movement = await import('/static/js/place/movement.js');
          const { anchoredAt, applyFix, applyTimeout, timeoutAt } = movement;
          const first = applyFix(anchoredAt(null), { lat: 0, lon: 0 }, start);
          const inside = applyFix(first.state, { lat: 100 * metre, lon: 0 }, start);
          const outside = applyFix(inside.state, { lat: 200 * metre, lon: 0 }, start);
          const due = timeoutAt(outside.state);
          return {
            first: first.moved,
            nothing: timeoutAt(inside.state),
            due,
            early: applyTimeout(outside.state, due - 1).moved,
            late: applyTimeout(outside.state, due),
          };
        }""",
        [METRE, START_MS],
    )
    late = answer.pop("late")
    assert answer == {"first": True, "nothing": None, "due": START_MS + 20_000, "early": False}
    assert late["moved"] is True
    assert late["state"]["anchor"] == {"lat": 200 * METRE, "lon": 0}


@pytest.mark.parametrize(
    ("fixes", "due", "published"),
    [
        ([(1, 0, 99)], None, 1),
        ([(1, 0, 100)], 5_000, None),
        ([(1, 0, 900), (2, 4_999, 40)], None, 2),
        ([(1, 0, 300), (2, 1_000, 200), (3, 2_000, 250)], 5_000, None),
        ([(1, 0, 300), (2, 1_000, 200), (3, 5_000, 250)], None, 2),
        ([(1, 0, 300), (2, 5_000, 300)], None, 2),
    ],
)
def test_the_first_place_is_a_fine_fix_or_the_best_of_five_seconds(
    page: Page, fixes: list[tuple[int, int, int]], due: int | None, published: int | None
) -> None:
    found = page.evaluate(
        """async ([fixes, start]) => {
          const movement = await import('/static/js/place/movement.js');
          const { anchoredAt, applyFix, applyTimeout, timeoutAt } = movement;
          let one = { state: anchoredAt(null), moved: false };
          for (const [lat, at, accuracy] of fixes) {
            one = applyFix(one.state, { lat, lon: 0, accuracy }, start + at);
          }
          const due = timeoutAt(one.state);
          const late = due === null ? one : applyTimeout(one.state, due);
          return [one.moved, due && due - start, one.state.anchor, late.moved, late.state.anchor];
        }""",
        [fixes, START_MS],
    )
    best = min(fixes, key=lambda one: (one[2], -one[1]))[0]
    anchor = {"lat": best, "lon": 0}
    assert found[:3] == [published is not None, due, anchor if published else None]
    assert found[3:] == [True, anchor]
    assert published in {None, best}


def test_the_page_and_the_server_make_the_same_area_of_a_cell(page: Page) -> None:
    cells = [cell_at(*spot) for spot in spots()[::50]]
    found = page.evaluate(
        """async (cells) => {
          const { publishedCell } = await import('/static/js/place/geohash.js');
          return cells.map((cell) => [publishedCell(cell, 'block'), publishedCell(cell, 'area')]);
        }""",
        cells,
    )
    assert found == [[published_cell(cell, rough) for rough in Roughness] for cell in cells]


def test_metres_are_great_circle_metres_across_the_antimeridian_too(page: Page) -> None:
    pairs = [
        [[0, 0], [1, 0]],
        [[0, 179.999], [0, -179.999]],
        [[60, 0], [60, 0.01]],
        [[7, 7], [7, 7]],
    ]
    found = page.evaluate(
        """async (pairs) => {
          const { distanceM } = await import('/static/js/place/movement.js');
          const spot = ([lat, lon]) => ({ lat, lon });
          return pairs.map(([a, b]) => distanceM(spot(a), spot(b)));
        }""",
        pairs,
    )
    assert found == pytest.approx([111_195.08, 222.39, 555.98, 0], abs=0.01)


# ---- The way back --------------------------------------------------------------------------------


def test_the_first_try_comes_within_a_second_and_later_ones_wait_up_to_half_a_minute(
    page: Page,
) -> None:
    found = page.evaluate(
        """async () => {
          const { delayMs } = await import('/static/js/server/backoff.js');
          const tries = [...Array(12).keys()];
          return tries.map((attempt) => [delayMs(attempt, 0), delayMs(attempt, 1)]);
        }"""
    )
    assert found == [[100, min(30_000, 1000 * 2**attempt)] for attempt in range(12)]


def test_jitter_spreads_people_who_lost_the_same_server(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { delayMs } = await import('/static/js/server/backoff.js');
          const each = Array.from({ length: 1000 });
          return [0, 3].map((attempt) => each.map(() => delayMs(attempt)));
        }"""
    )
    for delays, latest in zip(found, (1000, 8000), strict=True):
        assert all(100 <= delay <= latest for delay in delays)
        assert {int(10 * (delay - 100) / (latest - 99)) for delay in delays} == set(range(10))


# ---- Characters ----------------------------------------------------------------------------------

WRITTEN = [
    *[
        "",
        "a",
        "Ana",
        "e\u0301é",
        "👍🏽",
        "👩‍👩‍👧‍👦",
        "👩🏽‍❤️‍💋‍👨🏻",
        "🇩🇪🇫🇷🇩",
        "1️⃣#️⃣",
        "❤️☎︎",
        "กำ น้ำ",
        "각하 \u1112\u1161\u11ab",
        "שָׁלוֹם",
    ],
    *[
        "مُحَمَّدٌ",
        "可以！",
        "ｶﾞ",
        "ﷺ",
        "a\r\nb\nc",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!",
        "½³",
        "می‌خواهم",
        "རྒྱུད",
    ],
    *["\u1100" * 11, "👩\u200d" * 11, "x" + "\u0301" * 20, "ß", "ǆ", "ﬁ"],
]
COUNTS = """async (texts) => {
  const { clusters, count, initial, used } = await import('/static/js/page/graphemes.js');
  const without = (text) => clusters(text, false).length;
  return texts.map((text) => [count(text), without(text), initial(text), used(text, 500)]);
}"""


def test_the_page_and_the_server_count_characters_alike_with_and_without_a_segmenter(
    page: Page,
) -> None:
    found = page.evaluate(COUNTS, WRITTEN)
    for text, (counted, without, initial, used) in zip(WRITTEN, found, strict=True):
        clusters = graphemes.CLUSTER.findall(text)
        assert counted == graphemes.count(text), text
        assert initial == graphemes.initial(text), text
        assert used == max(counted, -(-len(unicodedata.normalize("NFC", text)) // 4)), text
        if not set(text) & {"\u1100", "\u1112"}:
            assert without == len(clusters), text


def test_a_text_that_the_page_lets_through_is_one_that_the_server_keeps(page: Page) -> None:
    for text in ("🇩🇪" * 500, "👍🏽" * 500, "é" * 500, "👩‍👩‍👧‍👦" * 285):
        ((_, _, _, used), (_, _, _, more)) = page.evaluate(COUNTS, [text, text + "👩‍👩‍👧‍👦"])
        assert used <= MESSAGE_MAX < more
        assert clean_message(text)
        with pytest.raises(TextRefused, match="message-too-long"):
            clean_message(text + "👩‍👩‍👧‍👦")


# ---- Who talks openly ----------------------------------------------------------------------------

DOORS = """async (names) => {
  const { describeDoors } = await import('/static/js/people/open-doors.js');
  return names.map((_, turn) => {
    const { count, sentence } = describeDoors(names.slice(0, turn).map((name) => ({ name })));
    return [count, sentence.map((part) => part.name ?? part).join('')];
  });
}"""


def test_who_talks_openly_is_counted_and_the_nearest_are_named(page: Page) -> None:
    assert page.evaluate(DOORS, ["Ana", "Bo", "Cem", "Dan", "Eve", ""]) == [
        ["", ""],
        ["1", "1 person talks openly near you: Ana."],
        ["2", "2 people talk openly near you: Ana and Bo."],
        ["3", "3 people talk openly near you: Ana, Bo and Cem."],
        ["4", "4 people talk openly near you: Ana, Bo and 2 more."],
        ["5", "5 people talk openly near you: Ana, Bo and 3 more."],
    ]
