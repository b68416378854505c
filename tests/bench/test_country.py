"""The arithmetic between what was measured and how many machines that makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import country
from bench.country import PEOPLE_S
from bench.country_costs import COSTS, costs_read
from bench.density import KINDS, STEPS, TALK_PER_S, PlaceCount, Spread
from bench.measurements import Measurement, Measurements

TOWN, STADIUM = KINDS[1], KINDS[-1]
LONELY = PlaceCount(
    kind=TOWN,
    people=1_000,
    sockets=5_000,
    receivers=1,
    reached=8,
    in_tile=1,
    busiest=1,
    anywhere=Spread(1, 100),
    routed=Spread(1, 10),
)


def test_between_two_points_it_is_on_their_line() -> None:
    points = ((1, 10), (3, 30), (5, 0))
    asked = (0, 1, 2, 3, 4, 5, 9)
    assert [country.at(points, x) for x in asked] == pytest.approx([10, 10, 20, 30, 15, 0, 0])


def test_people_are_shown_every_five_seconds_at_most() -> None:
    assert country.frames_per_s(1_000_000) == pytest.approx(1 / PEOPLE_S, rel=0.01)
    assert country.frames_per_s(1) == pytest.approx(country.CHANGES_PER_S, rel=0.05)


def test_who_hears_more_costs_more_of_the_app_and_the_line_but_not_of_redis() -> None:
    alone, crowded = (country.need(replace(LONELY, receivers=heard)) for heard in (1, 1_000))
    assert alone.app_us < crowded.app_us
    assert alone.sent < crowded.sent
    assert alone.redis_us == crowded.redis_us


def test_a_delivery_costs_what_was_measured() -> None:
    free = replace(COSTS, delivery_us=((0, 0.0),))
    heard = replace(LONELY, kind=STADIUM, receivers=10 / TALK_PER_S)
    difference = country.need(heard).app_us - country.need(heard, free).app_us
    assert difference == pytest.approx(10 * dict(COSTS.delivery_us)[10])


def test_calls_that_come_anywhere_read_who_is_near() -> None:
    crowded = replace(LONELY, in_tile=4_000)
    by_place = country.need(crowded)
    anywhere = country.need(crowded, by_place=False)
    assert by_place.app_us == country.need(LONELY).app_us
    assert anywhere.app_us > 2 * by_place.app_us
    assert anywhere.redis_us > by_place.redis_us


def test_leases_grow_with_the_square_of_the_processes() -> None:
    last, _ = COSTS.redis_leases[-1]
    few, many = (country.leases_us(int(last) * times) for times in (10, 100))
    assert 80 < many / few < 100


def test_everybody_counts_once() -> None:
    counts = [LONELY, replace(LONELY, people=3_000, receivers=3)]
    assert country.total(counts, lambda one: one.receivers) == 1_000 + 9_000


def test_the_parts_are_the_whole() -> None:
    crowded = replace(LONELY, receivers=300, in_tile=4_000)
    for by_place in (True, False):
        whole = country.need(crowded, by_place=by_place)
        assert sum(country.app_parts(crowded, by_place=by_place).values()) == whole.app_us
        assert sum(country.sent_parts(crowded).values()) == whole.sent


def test_the_parts_of_a_step_add_up_to_its_cores() -> None:
    told = country.figures(STEPS[0])
    parts = [float(value) for name, value in told.items() if name.startswith("cores of the app: ")]
    assert sum(parts) == pytest.approx(float(told["cores of the app"]), abs=0.1)


def test_what_a_run_read_stands_in_place_of_the_costs() -> None:
    read = Measurements(
        [
            Measurement("idle", "neartalk", 5_000, 0, {"share": 0.015625, "kb": 16.0}),
            Measurement("one-cell", "neartalk-redis", 1_000, 10, {"us": 8.0, "bytes": 230.0}),
            Measurement("one-cell", "neartalk-redis", 1_000, 100, {"us": 2.0, "bytes": 225.0}),
            Measurement("spread", "neartalk-redis", 1_000, 10, {"us": 12.0}),
            Measurement("rooms", "neartalk-redis", 200, 100, {"us": 30.0}),
            Measurement("walking", "neartalk", 1_000, 0, {"call_ms": 1.5, "frame_us": 90.0}),
            Measurement("arrivals", "neartalk", 200, 0, {"arrival_ms": 8.5}),
            Measurement("page", "neartalk", 80, 0, {"person_bytes": 105.0}),
        ]
    )
    assert costs_read(read) == replace(
        COSTS,
        idle=3.125,
        delivery_us=((10, 8.0), (100, 2.0)),
        apart=1.5,
        message=280.0,
        people_frame=90.0,
        call=1_500.0,
        arrival=8_500.0,
        socket_bytes=16_384.0,
        delivery_bytes=230.0,
        row_bytes=105.0,
    )


def test_what_a_run_did_not_read_stays() -> None:
    assert costs_read(Measurements()) == COSTS
