"""What is measured: each case starts a stack, brings a crowd and returns its measurements."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING, Any

from bench import arrivals, ceiling, crowd, processes, shown, signalling, voice
from bench.load import Talk, measure
from bench.measurements import Measurement
from bench.stacks import STACKS, running
from bench.steps import kb_each, loading, measurement_of, rss_kb

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from bench.case_size import CaseSize
    from presence.values import Place

# In the order in which they are read: what is set beside each other most closely comes first.
PEERS = (
    *("neartalk", "nchan", "neartalk-redis", "go", "socketio", "nats", "socketify", "tutorial"),
)
# Each listener hears so many messages a second where the rate is not what is varied.
RATE = 10.0


# ---- Crowds that talk ------------------------------------------------------------------------


async def one_cell(stack: str, size: CaseSize) -> list[Measurement]:
    """Everyone in one place, at each of the rates."""
    # At more than 10 a second the tutorial falls behind for good.
    rates = [rate for rate in size.rates if rate <= RATE or not stack.startswith("tutorial")]
    return await talking("one-cell", stack, crowd.one_place(size.listeners), rates, size.seconds)


async def sizes(stack: str, size: CaseSize) -> list[Measurement]:
    """Crowds of other sizes in one place."""
    found = []
    for listeners in size.sizes:
        places = crowd.one_place(listeners)
        found += await talking("sizes", stack, places, [RATE], size.seconds / 2)
    return found


async def spread(stack: str, size: CaseSize) -> list[Measurement]:
    """A town in which everyone speaks when it is their turn, so often that a listener hears as much
    as in one cell."""
    places = crowd.town(size.listeners)
    rate = RATE * size.listeners / mean(crowd.audiences(places))
    found = await talking("spread", stack, places, [rate], size.seconds)
    return [replace(measurement, rate=RATE) for measurement in found]


async def rooms(stack: str, size: CaseSize) -> list[Measurement]:
    """Small rooms in places far apart, each with much talk."""
    places = crowd.rooms(size.rooms, size.each)
    [measurement] = await talking(
        "rooms", stack, places, [size.rooms * size.room_rate], size.seconds
    )
    messages = 1e6 / measurement.figures["us"] / size.each
    figures = {**measurement.figures, "messages": messages}
    return [replace(measurement, rate=size.room_rate, figures=figures)]


async def two(stack: str, size: CaseSize) -> list[Measurement]:
    """One crowd at one process, and the same crowd with half of it at each of two."""
    return await talking("two", stack, crowd.one_place(size.listeners), [100], size.seconds)


async def talking(
    case: str, stack: str, places: Sequence[Place], rates: Sequence[float], seconds: float
) -> list[Measurement]:
    with running(STACKS[stack]) as servers:
        seats = await crowd.seats(servers, places)
        live, talks = await measure(loading(servers, seats, rates, seconds))
    return [measurement_of(case, stack, live, talk) for talk in talks]


# ---- Crowds that come, stay and walk ---------------------------------------------------------


async def idle(stack: str, size: CaseSize) -> list[Measurement]:
    """Sockets in many small places, on which nobody says anything."""
    with running(STACKS[stack]) as servers:
        await crowd.arrive(servers, crowd.town(20))  # whatever is loaded at first use
        empty_kb = rss_kb(servers)
        places = crowd.rooms(size.idle // size.each, size.each)
        seats = await crowd.seats(servers, places, speaks=False)
        quiet = loading(servers, seats, [0], size.silence_s, connect_rate=250, settle_s=12)
        live, [talk] = await measure(quiet)
    figures = {
        "kb": (live.rss_kb - empty_kb) / live.sockets,
        "kb_less_sessions": kb_each(live),
        "share": talk.share,
        "others": talk.others_cpu_s / talk.wall_s,
    }
    return [Measurement("idle", stack, live.sockets, 0, figures)]


async def walking(stack: str, size: CaseSize) -> list[Measurement]:
    """Everybody goes on to the next cell now and then, and watches the others do so. Before that
    nothing happens, and then the same calls are made without a move."""
    places = crowd.town(size.walkers)
    rate = size.walkers / size.cell_s
    talks: list[Talk] = []
    with running(STACKS[stack]) as servers:
        seats = await crowd.seats(servers, places, speaks=False)
        strolls: list[Any] = [
            nothing(),
            crowd.stroll(servers, seats, places, rate),
            crowd.stroll(servers, seats, [crowd.next_to(place) for place in places], rate),
        ]
        watching = loading(servers, seats, [0] * len(strolls), size.silence_s)
        async with aclosing(watching) as lines, asyncio.TaskGroup() as tasks:
            stroll = None
            async for line in lines:
                if isinstance(line, Talk):
                    talks.append(line)
                if stroll:
                    stroll.cancel()
                if strolls:
                    stroll = tasks.create_task(strolls.pop(0))
    return [Measurement("walking", stack, size.walkers, 0, walked(talks, rate))]


def walked(talks: Sequence[Talk], rate: float) -> dict[str, float]:
    """Of three windows: nothing, so many calls a second, and as many by which people move. What one
    has more than the one before is a call's, and that of a frame of people."""
    shares = [talk.share for talk in talks]
    _, still, moved = (talk.frames / talk.wall_s for talk in talks)
    calls, walks = (after - before for before, after in pairwise(shares))
    return {
        **dict(zip(("idle", "standing", "share"), shares, strict=True)),
        "call_ms": calls * 1000 / rate,
        "frames": moved - still,
        "frame_us": walks * 1e6 / max(1, moved - still),
        # From the second window on, the walkers' own client is at work too.
        "others": talks[0].others_cpu_s / talks[0].wall_s,
    }


async def nothing() -> None:
    """Nobody walks."""


async def storm(stack: str, size: CaseSize) -> list[Measurement]:
    """Many come to a place at once where much was said."""
    with running(STACKS[stack]) as servers:
        early = await crowd.seats(servers, crowd.one_place(10))
        await measure(loading(servers, early, [size.history / 4], 4, warm_up_s=0, settle_s=0))
        seats = await crowd.seats(servers, crowd.one_place(size.storm), speaks=False)
        rush = loading(
            servers, seats, [0], 0, warm_up_s=0, settle_s=0, connect_rate=size.storm / size.storm_s
        )
        live, _ = await measure(rush, all_live=False)
    figures = {
        "live": live.live,
        "live_s": live.live_s,
        "first_p50_ms": live.first_p50_ms,
        "first_p99_ms": live.first_p99_ms,
        "cpu_s": sum(live.cpu_s),
        "others": live.others_cpu_s / live.wall_s,
    }
    return [Measurement("storm", stack, size.storm, 0, figures)]


# ---- The table of them -----------------------------------------------------------------------


# They are far from their target whatever the noise, and take longest.
ONCE = {"tutorial", "tutorial-daphne"}


@dataclass(frozen=True)
class Case:
    """`in_each` round, or in the first alone."""

    stacks: Sequence[str]
    read: Callable[[str, CaseSize], Coroutine[Any, Any, list[Measurement]]]
    in_each: bool = True

    def reads(self, stack: str, turn: int) -> bool:
        return stack in self.stacks and (turn == 0 or (self.in_each and stack not in ONCE))


CASES = {
    "one-cell": Case((*PEERS, "neartalk-json", "tutorial-daphne"), one_cell),
    "sizes": Case(PEERS, sizes, in_each=False),  # for the picture, not for a target
    "spread": Case(("neartalk", "neartalk-redis"), spread),
    "rooms": Case(("neartalk", "neartalk-redis", "socketio-redis"), rooms),
    "two": Case(("neartalk-redis", "neartalk-two"), two),
    "dealt": Case(("neartalk-redis", "neartalk-two", "neartalk-four"), processes.dealt),
    "routed": Case(("neartalk-two", "neartalk-four"), processes.routed),
    "idle": Case(("neartalk",), idle),
    "walking": Case(("neartalk",), walking),
    "storm": Case(("neartalk", "neartalk-redis"), storm),
    "arrivals": Case(("neartalk",), arrivals.arrivals),
    "ceiling": Case(("neartalk",), ceiling.one_cell),
    "ceiling-places": Case(("neartalk",), ceiling.places),
    "people-change": Case(("neartalk",), shown.people_change),
    "page": Case(("neartalk",), shown.watched, in_each=False),
    "page-cpu": Case(("neartalk",), shown.page_cpu),
    "page-slow": Case(("neartalk",), shown.page_slow),
    "voice-mesh": Case(("neartalk",), voice.mesh, in_each=False),
    "voice-desktop": Case(("neartalk",), voice.desktop, in_each=False),
    "voice-phone": Case(("neartalk",), voice.phone, in_each=False),
    "voice-join": Case(("neartalk", "neartalk-two"), signalling.join, in_each=False),
    "voice-doors": Case(("neartalk", "neartalk-two"), signalling.crowd_of_doors, in_each=False),
}
