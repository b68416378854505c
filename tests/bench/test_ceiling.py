"""The most that one process delivers before people wait too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import ceiling
from bench.load import Talk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


def talk(rate: float, p99_ms: float, *, lost: int = 0, closed: int = 0) -> Talk:
    sent = int(rate * 10)
    return Talk(
        rate=rate,
        sent=sent,
        expected=sent * 1000,
        counted=sent * 1000 - lost,
        frames=0,
        bytes=0,
        p50_ms=1,
        p99_ms=p99_ms,
        max_ms=p99_ms,
        closed=closed,
        rss_kb=0,
        cpu_s=[5.0],
        others_cpu_s=0,
        generator_cpu_s=1,
        wall_s=10,
    )


async def lines(talks: Sequence[Talk]) -> AsyncIterator[Talk]:
    for one in talks:
        yield one


async def test_it_ends_with_the_first_step_at_which_people_wait() -> None:
    rising = [talk(100, 50), talk(150, 260), talk(200, 900)]
    assert [one.rate for one in await ceiling.until_late(lines(rising))] == [100, 150]


def test_what_is_lost_or_cut_off_is_not_borne() -> None:
    assert ceiling.borne(talk(100, 249.9))
    assert not ceiling.borne(talk(100, 250))
    assert not ceiling.borne(talk(100, 50, lost=2000))
    assert not ceiling.borne(talk(100, 50, closed=1))


def test_the_figure_is_what_was_due_at_the_last_step_that_was_borne() -> None:
    figures = ceiling.figures_of([talk(100, 50), talk(150, 60), talk(200, 900)])
    assert (figures["a_second"], figures["p99_ms"]) == (150_000, 60)
    assert (figures["tried"], figures["late_ms"]) == (200_000, 900)


def test_where_the_first_step_is_too_much_it_is_nothing() -> None:
    assert ceiling.figures_of([talk(100, 900)])["a_second"] == 0


def test_where_every_step_is_borne_nothing_was_tried_in_vain() -> None:
    assert "tried" not in ceiling.figures_of([talk(100, 50)])
