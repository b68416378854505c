"""What NearTalk sets out to reach, each a row of the table of RESULTS.md."""

from __future__ import annotations

from bench.measurements import Figure
from bench.target import (
    Target,
    a_second,
    fraction,
    hundredths_of_s,
    kilobytes,
    megabytes,
    microseconds,
    milliseconds,
    percent,
    seconds,
    tenths_of_ms,
    times,
    whole_bytes,
)


def one_cell(stack: str, rate: float, name: str = "us") -> Figure:
    return Figure("one-cell", stack, name, rate)


PLACES = 40
AT_10 = "1000 listeners in one cell, 10 messages/s, HTML, memory store"
AT_100 = "the same at 100 messages/s"
REDIS = "the same with Redis, its CPU counted, 10 messages/s"
TOWN = "1000 listeners over 300 cells and six radii, everyone speaking now and then"
ROOMS = "a room of 10 at 100 messages/s in each of 20 places, with Redis"
IDLE = "5000 idle sockets"
WALKING = "1000 people walking, a cell every 90 s each, 1000 watching"
STORM = "2000 sockets in 10 s, with a history of 500 messages"
TWO = "two processes, two cores"
PAGE = "a page among 80 simulated people, an hour, all of its socket"
PAGE_200 = "the same among 200"
MESSAGE, PERSON = "a message in the form of the page", "a person's row in the form of the page"
FRAME = "a change of people for a cohort: walking less standing, each frame of people"
CHANGE = "the same alone, 80 people, before it is written"
PAGE_CPU = "a page on which 200 messages a minute are said and 300 shown"
PAGE_SLOW = "a page on slow 3G and a CPU four times slower"
CEILING = "one process, 1000 in a cell: the most deliveries at a p99 under 250 ms"
CEILING_PLACES = "the same, 25 in each of 40 places"
CALL = "a call: standing less idle"
CALL_ALONE = "a call to say the same place again, alone"
ARRIVAL = "an arrival: pages, calls, socket and first frames"
APART = "two processes, 25 in each of 40 places, {} messages/s in each"

NEARTALK_10, NEARTALK_100 = one_cell("neartalk", 10), one_cell("neartalk", 100)
ROOM = Figure("rooms", "neartalk-redis", "messages", 100)
ROOM_SOCKETIO = Figure("rooms", "socketio-redis", "messages", 100)
SPREAD = Figure("spread", "neartalk", "us", 10)
WALK = Figure("walking", "neartalk", "share")
LIVE, FIRST = Figure("storm", "neartalk", "live_s"), Figure("storm", "neartalk", "first_p99_ms")
ONE, BOTH = Figure("two", "neartalk-redis", "us", 100), Figure("two", "neartalk-two", "us", 100)
MEMORY, REST = Figure("idle", "neartalk", "kb"), Figure("idle", "neartalk", "share")

SENT = Figure("page", "neartalk", "mb_hour", listeners=80)
SENT_200 = Figure("page", "neartalk", "mb_hour", listeners=200)
ROW = Figure("page", "neartalk", "message_bytes", listeners=80)
PERSON_ROW = Figure("page", "neartalk", "person_bytes", listeners=80)


def neartalk(case: str, name: str) -> Figure:
    return Figure(case, "neartalk", name)


def beside_one(case: str, each: float, limit: float, before: str) -> Target:
    """Two processes beside one: how many times the deliveries, with a core for each."""
    one = Figure("dealt", "neartalk-redis", "busiest_us", each * PLACES)
    two = Figure(case, "neartalk-two", "busiest_us", each * PLACES)
    asks = f"{case}: at least {limit:g} x the deliveries of one, a core each"
    return Target(
        APART.format(f"{each:g}"), asks, limit, times, one, two, at_least=True, before=before
    )


TARGETS = (
    Target(PAGE, "at most 1.5 MB", 1.5, megabytes, SENT, before="21.5 MB"),
    Target(PAGE_200, "at most 2 MB", 2, megabytes, SENT_200, before="25 MB"),
    Target(MESSAGE, "at most 240 bytes", 240, whole_bytes, ROW, before="858"),
    Target(PERSON, "at most 120 bytes", 120, whole_bytes, PERSON_ROW, before="530"),
    Target(WALKING, "at most 5 % of a core", 0.05, percent, WALK, before="14.9 %"),
    Target(
        FRAME, "at most 60 us", 60, microseconds, neartalk("walking", "frame_us"), before="480 us"
    ),
    Target(CHANGE, "at most 60 us", 60, microseconds, neartalk("people-change", "moved_us")),
    Target(
        PAGE_CPU,
        "at most 0.5 s of CPU a minute",
        0.5,
        hundredths_of_s,
        neartalk("page-cpu", "cpu_s"),
        before="2.5 to 12 s",
    ),
    Target(
        PAGE_SLOW,
        "live 4 s after the tap",
        4,
        seconds,
        neartalk("page-slow", "live_s"),
        before="9.1 s",
    ),
    Target(
        CEILING,
        "at least 150,000/s",
        150_000,
        a_second,
        neartalk("ceiling", "a_second"),
        at_least=True,
    ),
    Target(
        CEILING_PLACES,
        "at least 150,000/s",
        150_000,
        a_second,
        neartalk("ceiling-places", "a_second"),
        at_least=True,
        before="about 60,000/s",
    ),
    Target(
        TOWN, "at most 1.6 x the one-cell cost", 1.6, times, SPREAD, NEARTALK_10, before="2.35 x"
    ),
    Target(
        TWO,
        "dealt: at least 1.6 x the deliveries of one",
        1.6,
        times,
        ONE,
        BOTH,
        factor=2,
        at_least=True,
        before="1.44 x",
    ),
    beside_one("dealt", 10, 1.6, "1.23 x"),
    beside_one("dealt", 100, 1.6, "1.75 x"),
    beside_one("routed", 10, 1.9, "1.36 x"),
    beside_one("routed", 100, 1.9, "1.98 x"),
    Target(
        ROOMS,
        "at least 1.1 x the messages a CPU second of Socket.IO with its Redis adapter",
        1.1,
        times,
        ROOM,
        ROOM_SOCKETIO,
        at_least=True,
        before="0.94 x",
    ),
    Target(CALL, "at most 2 ms", 2, tenths_of_ms, neartalk("walking", "call_ms"), before="4.1 ms"),
    Target(CALL_ALONE, "at most 2 ms", 2, tenths_of_ms, neartalk("arrivals", "call_ms")),
    Target(
        ARRIVAL,
        "at most 9 ms",
        9,
        tenths_of_ms,
        neartalk("arrivals", "arrival_ms"),
        before="18 ms",
    ),
    Target(
        AT_10,
        "at most 0.95 x nchan in every round",
        0.95,
        times,
        NEARTALK_10,
        one_cell("nchan", 10),
        before="0.84 to 1.10 x",
        in_every=True,
    ),
    Target(IDLE, "at most 16 KB each", 16, kilobytes, MEMORY, before="25.5 KB"),
    # Those of before that still hold.
    Target(IDLE, "under 2 % of a core", 0.02, percent, REST, before="1.9 %"),
    Target(AT_10, "at most 0.7 x Go", 0.7, times, NEARTALK_10, one_cell("go", 10), before="0.66 x"),
    Target(
        AT_10,
        "at most 1/15 of the Channels tutorial on uvicorn",
        1 / 15,
        fraction,
        NEARTALK_10,
        one_cell("tutorial", 10),
        before="1/21.1",
    ),
    Target(
        AT_100,
        "at most 0.5 x nchan",
        0.5,
        times,
        NEARTALK_100,
        one_cell("nchan", 100),
        before="0.33 x",
    ),
    Target(
        AT_100,
        "p99 under 100 ms",
        100,
        milliseconds,
        one_cell("neartalk", 100, "p99_ms"),
        before="52 ms",
    ),
    Target(
        REDIS,
        "at most 1.3 x nchan",
        1.3,
        times,
        one_cell("neartalk-redis", 10),
        one_cell("nchan", 10),
        before="1.08 x",
    ),
    Target(STORM, "all live within 15 s", 15, seconds, LIVE, before="10.0 s"),
    Target(
        STORM, "p99 of the first snapshot under 2 s", 2000, milliseconds, FIRST, before="216 ms"
    ),
)
