"""How much one process delivers: more is said, step by step, until people wait too long."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from bench import crowd
from bench.load import Talk
from bench.measurements import Measurement
from bench.stacks import STACKS, running
from bench.steps import loading

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Sequence

    from bench.case_size import CaseSize
    from bench.load import Live
    from presence.values import Place

P99_MAX_MS = 250.0
# Of what is due. Fewer have come only where somebody was cut off, or waits still.
ALL = 0.999


async def one_cell(stack: str, size: CaseSize) -> list[Measurement]:
    """Everyone in one place."""
    places = crowd.one_place(size.listeners)
    return [await highest("ceiling", stack, places, size.ceiling_rates, size)]


async def places(stack: str, size: CaseSize) -> list[Measurement]:
    """The same people in places too far apart to hear each other."""
    places = crowd.rooms(size.places, size.neighbours)
    each = [size.places * rate for rate in size.ceiling_place_rates]
    return [await highest("ceiling-places", stack, places, each, size)]


async def highest(
    case: str, stack: str, places: Sequence[Place], rates: Sequence[float], size: CaseSize
) -> Measurement:
    """The last of rising rates that is borne, and what broke the next."""
    with running(STACKS[stack]) as servers:
        seats = await crowd.seats(servers, places)
        lines = loading(servers, seats, rates, size.seconds)
        async with aclosing(lines):
            talks = await until_late(lines)
    return Measurement(case, stack, len(places), 0, figures_of(talks))


async def until_late(lines: AsyncIterable[Live | Talk]) -> list[Talk]:
    """All talks up to the first that is not borne."""
    talks: list[Talk] = []
    async for line in lines:
        if isinstance(line, Talk):
            talks.append(line)
            if not borne(line):
                break
    return talks


def borne(talk: Talk) -> bool:
    return talk.p99_ms < P99_MAX_MS and talk.counted >= ALL * talk.expected and not talk.closed


def figures_of(talks: Sequence[Talk]) -> dict[str, float]:
    """`a_second` of the last step that was borne, 0 if none was; `late_ms` is the p99 of the step
    after it, `tried` what that asked for. Both are missing where every step was borne."""
    kept = [talk for talk in talks if borne(talk)]
    figures = {"a_second": 0.0}
    if kept:
        last = kept[-1]
        figures = {
            "a_second": asked(last),
            "p99_ms": last.p99_ms,
            "us": last.us_each,
            "share": last.share,
            "generator": last.generator_cpu_s / last.wall_s,
            "others": last.others_cpu_s / last.wall_s,
        }
    if talks[-1] not in kept:
        figures |= {"tried": asked(talks[-1]), "late_ms": talks[-1].p99_ms}
    return figures


def asked(talk: Talk) -> float:
    """Deliveries a second that were due: what is said in a second, to so many each."""
    return talk.rate * talk.expected / max(1, talk.sent)
