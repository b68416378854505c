"""What NearTalk sets out to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measurements import Figure

if TYPE_CHECKING:
    from bench.measurements import Measurements

Show = Callable[[float], str]


def times(value: float) -> str:
    return f"{value:.2f} x"


def fraction(value: float) -> str:
    """A small share as one of so many."""
    return f"1/{1 / value:.1f}"


def percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def kilobytes(value: float) -> str:
    return f"{value:.1f} KB"


def megabytes(value: float) -> str:
    return f"{value:.2f} MB"


def whole_bytes(value: float) -> str:
    return f"{value:,.0f} bytes"


def milliseconds(value: float) -> str:
    return f"{value:,.0f} ms"


def seconds(value: float) -> str:
    return f"{value:.1f} s"


@dataclass(frozen=True)
class Target:
    """A figure, or its ratio to another of the same round times a factor, at most (or at least) so
    much."""

    case: str
    asks: str
    limit: float
    show: Show
    over: Figure
    under: Figure | None = None
    factor: float = 1.0
    at_least: bool = False

    def measured(self, measurements: Measurements) -> float | None:
        if self.under is None:
            return measurements.middle(self.over)
        ratio = measurements.ratio(self.over, self.under)
        return None if ratio is None else ratio * self.factor

    def verdict(self, measured: float) -> str:
        if measured >= self.limit if self.at_least else measured <= self.limit:
            return "met"
        return f"missed by {max(1, round(abs(measured / self.limit - 1) * 100))} %"

    def row(self, measurements: Measurements) -> list[str]:
        measured = self.measured(measurements)
        if measured is None:
            return [self.case, self.asks, "not measured", "-"]
        return [self.case, self.asks, self.show(measured), self.verdict(measured)]


def one_cell(stack: str, rate: float, name: str = "us") -> Figure:
    return Figure("one-cell", stack, name, rate)


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
MESSAGE = "a message in the form of the page"

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

TARGETS = (
    Target(AT_10, "at most nchan", 1.0, times, NEARTALK_10, one_cell("nchan", 10)),
    Target(AT_10, "at most 0.7 x Go", 0.7, times, NEARTALK_10, one_cell("go", 10)),
    Target(
        AT_10,
        "at most 1/15 of the Channels tutorial on uvicorn",
        1 / 15,
        fraction,
        NEARTALK_10,
        one_cell("tutorial", 10),
    ),
    Target(AT_100, "at most 0.5 x nchan", 0.5, times, NEARTALK_100, one_cell("nchan", 100)),
    Target(AT_100, "p99 under 100 ms", 100, milliseconds, one_cell("neartalk", 100, "p99_ms")),
    Target(
        REDIS,
        "at most 1.3 x nchan",
        1.3,
        times,
        one_cell("neartalk-redis", 10),
        one_cell("nchan", 10),
    ),
    Target(TOWN, "at most 1.5 x the one-cell cost", 1.5, times, SPREAD, NEARTALK_10),
    Target(
        ROOMS,
        "at least as many messages a CPU second as Socket.IO with its Redis adapter",
        1.0,
        times,
        ROOM,
        ROOM_SOCKETIO,
        at_least=True,
    ),
    Target(IDLE, "at most 40 KB each", 40, kilobytes, MEMORY),
    Target(IDLE, "under 2 % of a core", 0.02, percent, REST),
    Target(WALKING, "under 15 % of a core", 0.15, percent, WALK),
    Target(PAGE, "at most 1.5 MB", 1.5, megabytes, SENT),
    Target(PAGE_200, "at most 2 MB", 2, megabytes, SENT_200),
    Target(MESSAGE, "at most 240 bytes", 240, whole_bytes, ROW),
    Target(STORM, "all live within 15 s", 15, seconds, LIVE),
    Target(STORM, "p99 of the first snapshot under 2 s", 2000, milliseconds, FIRST),
    Target(
        TWO, "at least 1.8 x the deliveries of one", 1.8, times, ONE, BOTH, factor=2, at_least=True
    ),
)
