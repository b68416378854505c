"""Cells, tiles and circles, against references that share nothing with the code under test."""

import math
import random
from functools import lru_cache

import pygeohash
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from presence import geo
from presence.geo import (
    CELL_DEGREES,
    RADIUS_MAX_M,
    RADIUS_MIN_M,
    RADIUS_STOPS_M,
    TILES_MAX,
    BeyondLatitude,
    Cell,
    Tile,
    across,
    apart,
    area_of,
    capped_radius_m,
    cell_at,
    centre,
    circles_overlap,
    in_range,
    label,
    label_m,
    middle_cell,
    parent,
    published_point,
    spot,
    tile_of,
    tiles_within,
)

PAIRS = 100_000
CIRCLES = 300
STEP = 360 / 2**18  # degrees across a cell, both ways
METRES_A_DEGREE = 111_195.08
EDGE_LATITUDES = (0.0, 85.0, -85.0, 84.99, -84.99, 84.97, 52.0, -33.9)
EDGE_LONGITUDES = (0.0, 180.0, -180.0, 179.9995, -179.9995, 90.0, -90.0, 13.4)

LATITUDES = st.floats(-85, 85)
LONGITUDES = st.floats(-180, 180)
CELLS = st.builds(cell_at, LATITUDES, LONGITUDES)
RADII = st.integers(RADIUS_MIN_M, RADIUS_MAX_M)


# --- the references ---------------------------------------------------------------------------


@lru_cache(maxsize=1 << 14)
def box(cell: Cell) -> tuple[float, float, float, float]:
    """South, north, west and east border, exact: they are whole numbers of 45 / 2**15 degrees."""
    at = pygeohash.decode_exactly(cell)
    south, north = at.latitude - at.latitude_error, at.latitude + at.latitude_error
    return south, north, at.longitude - at.longitude_error, at.longitude + at.longitude_error


def boxes_touch(a: Cell, b: Cell) -> bool:
    south_a, north_a, west_a, east_a = box(a)
    south_b, north_b, west_b, east_b = box(b)
    if south_a > north_b or south_b > north_a:
        return False
    return any(west_a <= east_b + turn and west_b + turn <= east_a for turn in (-360, 0, 360))


@lru_cache(maxsize=1 << 14)
def unit_vector(cell: Cell) -> tuple[float, float, float]:
    at = pygeohash.decode_exactly(cell)
    lat, lon = math.radians(at.latitude), math.radians(at.longitude)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def reference_apart(a: Cell, b: Cell) -> float:
    """The length of the chord between two unit vectors, bent onto the mean sphere."""
    if boxes_touch(a, b):
        return 0.0
    return 2 * 6371008.8 * math.asin(min(1.0, math.dist(unit_vector(a), unit_vector(b)) / 2))


def somewhere(rng: random.Random) -> tuple[float, float]:
    """Anywhere, or near an edge, or on or a float's breadth beside the border of a cell."""
    lat = rng.choice((rng.uniform(-85, 85), rng.uniform(-85, 85), rng.choice(EDGE_LATITUDES)))
    lon = rng.choice((rng.uniform(-180, 180), rng.choice(EDGE_LONGITUDES)))
    if rng.random() < 0.3:
        lat, lon = round(lat / STEP) * STEP, round(lon / STEP) * STEP
        lat = rng.choice((lat, math.nextafter(lat, -99), math.nextafter(lat, 99)))
        lon = rng.choice((lon, math.nextafter(lon, -999), math.nextafter(lon, 999)))
    return max(-85.0, min(85.0, lat)), max(-180.0, min(180.0, lon))


def beside(rng: random.Random, lat: float, lon: float) -> tuple[float, float]:
    """A second place, mostly within 5 km: next door, in reach or just out of it."""
    if rng.random() < 0.05:
        return somewhere(rng)
    metres, bearing = rng.choice((200, 1000, 5000)) * rng.random(), rng.uniform(0, math.tau)
    there = max(-85.0, min(85.0, lat + metres * math.cos(bearing) / METRES_A_DEGREE))
    across = METRES_A_DEGREE * math.cos(math.radians(max(-85.0, min(85.0, lat))))
    east = lon + metres * math.sin(bearing) / across
    return there, (east + 180) % 360 - 180


def some_radius(rng: random.Random) -> int:
    return rng.choice((rng.randint(RADIUS_MIN_M, RADIUS_MAX_M), rng.choice(RADIUS_STOPS_M)))


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Cell, int, Cell, int]]:
    rng = random.Random(20240607)
    found = []
    for _ in range(PAIRS):
        lat, lon = somewhere(rng)
        a, b = cell_at(lat, lon), cell_at(*beside(rng, lat, lon))
        found.append((a, some_radius(rng), b, some_radius(rng)))
    return found


# --- cells ------------------------------------------------------------------------------------


def test_a_cell_is_the_geohash_of_precision_7() -> None:
    assert cell_at(57.64911, 10.40744) == "u4pruyd"  # the example of geohash.org
    assert tile_of("u4pruyd") == "u4pruy"


@settings(deadline=None)
@given(LATITUDES, LONGITUDES.filter(lambda lon: lon < 180))
def test_a_position_is_inside_its_cell(lat: float, lon: float) -> None:
    south, north, west, east = box(cell_at(lat, lon))
    assert south - 1e-9 <= lat <= north + 1e-9
    assert west - 1e-9 <= lon <= east + 1e-9


@settings(deadline=None)
@given(CELLS)
def test_the_centre_of_a_cell_is_exact_and_snaps_to_the_same_cell(cell: Cell) -> None:
    south, north, west, east = box(cell)
    assert centre(cell) == ((south + north) / 2, (west + east) / 2)
    assert published_point(cell) == centre(cell) or abs(centre(cell)[0]) > 85
    assert cell_at(*published_point(cell)) == cell


@given(CELLS)
def test_a_parent_holds_its_cell_and_no_place_has_no_parent(cell: Cell) -> None:
    at = centre(cell)
    assert [parent(cell, level) for level in (4, 5, 6)] == [
        pygeohash.encode(*at, level) for level in (4, 5, 6)
    ]
    assert (tile_of(cell), area_of(cell)) == (parent(cell, 6), parent(cell, 4))
    assert tile_of("") == ""


@given(CELLS)
def test_the_middle_cell_touches_the_middle_of_its_tile(cell: Cell) -> None:
    tile = tile_of(cell)
    box, middle = pygeohash.decode_exactly(tile), centre(middle_cell(tile))
    assert tile_of(middle_cell(tile)) == tile
    half = CELL_DEGREES / 2
    assert (middle[0] - box.latitude, middle[1] - box.longitude) == (half, half)


@pytest.mark.parametrize("lon", [*EDGE_LONGITUDES, -0.0])
def test_nobody_is_beyond_85_degrees_and_who_is_at_85_is_not_beyond(lon: float) -> None:
    for sign in (1, -1):
        for lat in (math.nextafter(85, 99), 85.0000763, 85.1, 89.99, 90):
            with pytest.raises(BeyondLatitude):
                cell_at(sign * lat, lon)
        edge = cell_at(sign * 85, lon)
        assert published_point(edge)[0] == sign * 85, "its middle is beyond"
        assert cell_at(*published_point(edge)) == edge
        assert cell_at(sign * math.nextafter(85, 0), lon) == edge
        beyond = pygeohash.encode(sign * (85 + STEP), lon if lon < 180 else -180, 7)
        with pytest.raises(BeyondLatitude):
            published_point(beyond)


def test_zero_has_no_sign() -> None:
    assert len({cell_at(lat, lon) for lat in (0.0, -0.0) for lon in (0.0, -0.0)}) == 1


def test_180_east_is_180_west() -> None:
    for lat in EDGE_LATITUDES:
        assert cell_at(lat, 180) == cell_at(lat, -180)
        assert cell_at(lat, math.nextafter(180, 0)) != cell_at(lat, 180)
        assert apart(cell_at(lat, math.nextafter(180, 0)), cell_at(lat, 180)) == 0


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        *[(math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf)],
        *[(90.1, 0), (-90.1, 0), (0, 180.1), (0, -180.1), (0, 1e300)],
    ],
)
def test_what_is_not_on_earth_is_refused_without_repeating_it(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match=r"^not a position on Earth$"):
        cell_at(lat, lon)


@pytest.mark.parametrize("cell", ["", "u4pruy", "u4pruydq", "u4pruya", "ü4pruyd"])
def test_what_is_not_a_cell_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)geohash|cell"):
        centre(cell)


# --- how far apart ----------------------------------------------------------------------------


def test_100_000_pairs_agree_with_the_reference(pairs: list[tuple[Cell, int, Cell, int]]) -> None:
    near, touching = 0, 0
    for a, radius_a, b, radius_b in pairs:
        expected = reference_apart(a, b)
        assert math.isclose(apart(a, b), expected, rel_tol=1e-7), (a, b)
        assert apart(a, b) == apart(b, a)
        decided = in_range(a, radius_a, b, radius_b)
        assert decided == (expected <= radius_a and expected <= radius_b), (a, b)
        assert decided == in_range(b, radius_b, a, radius_a)
        overlap = circles_overlap(a, radius_a, b, radius_b)
        assert overlap == (expected <= radius_a + radius_b), (a, b)
        near += decided
        touching += expected == 0
    assert 30_000 < near < 80_000
    assert 10_000 < touching < near


def test_the_sphere_is_within_0_6_percent_of_the_ellipsoid(
    pairs: list[tuple[Cell, int, Cell, int]],
) -> None:
    for a, _, b, _ in pairs[:20_000]:
        if not boxes_touch(a, b):
            geodesic = Geodesic.WGS84.Inverse(*centre(a), *centre(b), Geodesic.DISTANCE)["s12"]
            assert math.isclose(apart(a, b), geodesic, rel_tol=0.006), (a, b)


def test_two_rows_know_of_their_cells_what_is_true_of_each_pair(
    pairs: list[tuple[Cell, int, Cell, int]],
) -> None:
    for a, _, b, _ in pairs:
        here, there = spot(a), spot(b)
        dx = abs(here.x - there.x)
        dx = min(dx, geo.COLUMNS - dx)
        row = across(here.y, there.y)
        if dx < len(row.metres):
            assert row.metres[dx] == apart(a, b) <= RADIUS_MAX_M, (a, b)
            assert row.labels_m[dx] == label_m(apart(a, b)), (a, b)
        else:
            assert apart(a, b) > RADIUS_MAX_M, (a, b)


@pytest.mark.parametrize("lat", [-85.0, -33.9, 0.0, 52.5, 84.99])
@pytest.mark.parametrize("lon", [-180.0, -0.0001, 0.0, 13.4, 179.9999])
def test_exactly_the_eight_cells_around_touch(lat: float, lon: float) -> None:
    cell = cell_at(lat, lon)
    north, east = centre(cell)
    for rows in (-2, -1, 0, 1, 2):
        for columns in (-2, -1, 0, 1, 2):
            if abs(north + rows * STEP) < 85 + STEP:
                there = (east + columns * STEP + 180) % 360 - 180
                other = pygeohash.encode(north + rows * STEP, there, 7)
                assert (apart(cell, other) == 0) == (abs(rows) <= 1 and abs(columns) <= 1)


def test_the_boundary_of_a_circle_belongs_to_it() -> None:
    a, b = cell_at(52.5, 13.4), cell_at(52.505, 13.405)
    metres = apart(a, b)
    less = math.nextafter(metres, 0)
    assert in_range(a, metres, b, metres)
    assert not in_range(a, less, b, 2000)
    assert not in_range(a, 2000, b, less)
    assert circles_overlap(a, metres, b, 0)
    assert not circles_overlap(a, less, b, 0)
    assert tile_of(b) in tiles_within(a, metres)


# --- how it is said ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metres", "said"),
    [
        *[
            (0, "right around you"),
            (0.001, "~50 m"),
            (26.6, "~50 m"),
            (74.9, "~50 m"),
            (75, "~100 m"),
        ],
        *[(213, "~200 m"), (449, "~450 m"), (474.9, "~450 m"), (475, "~500 m"), (549.9, "~500 m")],
        *[(550, "~600 m"), (949.9, "~900 m"), (950, "~1 km"), (1099.9, "~1 km"), (1100, "~1.2 km")],
        *[(1234, "~1.2 km"), (1900, "~2 km"), (2000, "~2 km"), (3999, "~4 km"), (2e7, "~20000 km")],
    ],
)
def test_a_distance_is_said_in_coarse_steps(metres: float, said: str) -> None:
    assert label(metres) == said


def test_only_these_labels_exist_within_two_circles() -> None:
    labels = {label_m(tenths / 10): label(tenths / 10) for tenths in range(40_001)}
    steps = [*range(0, 500, 50), *range(500, 1000, 100), *range(1000, 4001, 200)]
    assert sorted(labels) == steps
    assert len(set(labels.values())) == len(steps)


@settings(deadline=None)
@given(st.floats(0, 2.1e7), st.floats(0, 2.1e7))
def test_labels_sort_as_distances_do_and_are_off_by_half_a_step(near: float, far: float) -> None:
    near, far = sorted((near, far))
    assert label_m(near) <= label_m(far)
    assert (label_m(far) == 0) == (far == 0)
    if far > 25:
        assert abs(label_m(far) - far) <= (25 if far < 500 else 50 if far < 1000 else 100)


# --- which tiles a circle reaches -------------------------------------------------------------


def tiles_by_enumeration(cell: Cell, radius_m: float) -> set[Tile]:
    """Asks every cell of every tile around, with two tiles to spare on each side."""
    lat, lon = centre(cell)
    rows = math.ceil(radius_m / 152) + 8
    columns = (
        math.ceil(radius_m / (152 * math.cos(math.radians(min(85.001, abs(lat) + 0.02))))) + 16
    )
    found = set()
    for row in range(-rows, rows + 1):
        if abs(lat + row * STEP) > 85 + STEP / 2:
            continue  # nobody is there
        for column in range(-columns, columns + 1):
            there = (lon + column * STEP + 180) % 360 - 180
            other = pygeohash.encode(lat + row * STEP, there, 7)
            if apart.__wrapped__(cell, other) <= radius_m:
                found.add(other[:6])
    return found


def test_the_tiles_of_a_circle_are_all_that_it_reaches_and_no_other() -> None:
    rng = random.Random(85)
    missed = extra = 0
    for number in range(CIRCLES):
        radius = (100, 2000)[number % 2] if number % 3 else some_radius(rng)
        cell = cell_at(*somewhere(rng))
        expected, found = tiles_by_enumeration(cell, radius), tiles_within(cell, radius)
        missed, extra = missed + len(expected - found), extra + len(found - expected)
    assert (missed, extra) == (0, 0)


def test_a_circle_that_ends_on_a_centre_or_a_hair_before_it_reaches_the_right_tiles() -> None:
    rng = random.Random(3)
    for _ in range(400):
        lat, lon = somewhere(rng)
        east = (lon + rng.uniform(-0.005, 0.005) + 180) % 360 - 180
        cell, edge = cell_at(lat, lon), cell_at(lat, east)
        metres = apart(cell, edge)
        for radius in (metres, math.nextafter(metres, 0)):
            assert tiles_within(cell, radius) == tiles_by_enumeration(cell, radius), (cell, radius)


def test_who_is_in_range_is_in_a_tile_of_the_circle(
    pairs: list[tuple[Cell, int, Cell, int]],
) -> None:
    for a, radius_a, b, radius_b in pairs[::5]:
        if in_range(a, radius_a, b, radius_b):
            assert tile_of(b) in tiles_within(a, radius_a), (a, radius_a, b)
            assert tile_of(a) in tiles_within(b, radius_b), (b, radius_b, a)


@settings(deadline=None)
@given(CELLS, RADII, RADII)
def test_a_wider_circle_reaches_no_tile_less(cell: Cell, one: int, other: int) -> None:
    narrow, wide = sorted((one, other))
    assert tile_of(cell) in tiles_within(cell, narrow) <= tiles_within(cell, wide)


def test_a_circle_across_the_antimeridian_reaches_both_sides() -> None:
    tiles = tiles_within(cell_at(-16.8, 180), 2000)  # Taveuni, Fiji
    assert {tile[0] for tile in tiles} == {"r", "2"}


def test_no_tile_beyond_85_degrees_is_ever_reached() -> None:
    for lat in (85, -85, 84.99, -84.99):
        for tile in tiles_within(cell_at(lat, 10), 2000):
            at = pygeohash.decode_exactly(tile)
            assert abs(at.latitude) + at.latitude_error < 85 + STEP
    assert tiles_within("upbpbpb", 2000) == frozenset()  # forged: nobody is at the pole


# --- how wide a person may reach --------------------------------------------------------------


def test_the_dearest_circle_of_the_dial_needs_fewer_tiles_than_the_most_allowed() -> None:
    needed = {
        lat: max(
            len(tiles_within(cell_at(lat + row * STEP, column * STEP), RADIUS_MAX_M))
            for row in range(-4, 1)
            for column in range(8)
        )
        for lat in (0.0, 52.5, 70.0, 80.0, 84.0, 84.98, 85.0)
    }
    assert needed == {0.0: 28, 52.5: 39, 70.0: 66, 80.0: 120, 84.0: 194, 84.98: 230, 85.0: 162}
    dearest = 0
    for row in range(60):
        for column in range(8):
            cell = cell_at(85 - row * STEP, column * STEP)
            dearest = max(dearest, len(tiles_within(cell, RADIUS_MAX_M)))
            assert capped_radius_m(cell, RADIUS_MAX_M) == RADIUS_MAX_M
    assert dearest == 230 <= TILES_MAX


@settings(deadline=None)
@given(CELLS, RADII)
def test_a_radius_is_set_down_to_the_stop_below_and_no_stop_is_narrowed_anywhere(
    cell: Cell, radius: int
) -> None:
    below = max(stop for stop in RADIUS_STOPS_M if stop <= radius)
    assert capped_radius_m(cell, radius) == below
    assert capped_radius_m(cell, below) == below


def test_a_radius_that_needs_too_many_tiles_falls_to_the_largest_stop_that_does_not() -> None:
    cell = cell_at(84.98, 10)
    assert len(tiles_within(cell, 5000)) > TILES_MAX
    assert capped_radius_m(cell, 5000) == 2000


def test_capped_radius_m_is_the_widest_stop_whose_tiles_are_few_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = cell_at(84.98, 10)
    for most in (1, 5, 20, 60, 100, 150, 200):
        monkeypatch.setattr("presence.geo.tiles.TILES_MAX", most)
        for radius in (*RADIUS_STOPS_M, 130, 1234, 1999):
            stops = [each for each in RADIUS_STOPS_M if each <= radius]
            fitting = [each for each in stops if len(tiles_within(cell, each)) <= most]
            assert capped_radius_m(cell, radius) == max(fitting, default=RADIUS_MIN_M)


def test_the_stops_go_from_the_least_radius_to_the_greatest() -> None:
    assert list(RADIUS_STOPS_M) == sorted(set(RADIUS_STOPS_M))
    assert (RADIUS_STOPS_M[0], RADIUS_STOPS_M[-1]) == (RADIUS_MIN_M, RADIUS_MAX_M) == (100, 2000)
