"""RESULTS.md and its two pictures, from what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measurements import Figure
from bench.method import method
from bench.plot import Line, Panel, chart
from bench.stacks import STACKS
from bench.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bench.measurements import Measurement, Measurements

PICTURED = (
    *("neartalk", "neartalk-redis", "nchan", "go", "socketio", "tutorial", "nats", "socketify"),
)
HUES = {
    family: hue for hue, family in enumerate(name for name in PICTURED if name != "neartalk-redis")
}
RATE = 10.0
BUSY = 0.05


@dataclass(frozen=True)
class Run:
    """What stands above the figures."""

    date: str
    machine: str
    pinned: bool
    rounds: int
    seconds: float
    trial: bool
    listeners: int
    places: int
    versions: Mapping[str, str]
    missing: Mapping[str, str]
    voice_s: float = 10.0


def results(run: Run, measurements: Measurements, everything: Measurements) -> str:
    """RESULTS.md, of these measurements; its targets are also of what has a section of its own."""
    parts = [
        "# NearTalk beside what one would use instead",
        f"`make bench` wrote this page on {run.date}. Server CPU is that of all server processes, "
        "children and Redis included, and is told for each delivery: one message shown to one "
        f"listener. Figures are medians over the rounds ({run.rounds}); a ratio is of two "
        "figures of the same round, and then the median. Ratios carry over to other machines, "
        "microseconds do not.",
        table(["what", "which"], [["machine", run.machine], *map(list, run.versions.items())]),
        left_out(run.missing),
        disturbed(measurements),
        "**A trial: less of everything than the targets name.**" if run.trial else "",
        "## Targets",
        table(
            ["case", "target", "before", "measured", "verdict"],
            [target.row(everything) for target in TARGETS],
        ),
        f"## {run.listeners} listeners in one cell",
        "CPU for each delivery in microseconds, and as a multiple of NearTalk's with its memory "
        "store, by messages a second:",
        rates_table(measurements, cost),
        "Latency in milliseconds, p50 and p99:",
        rates_table(measurements, latency),
        "![Latency by rate](latency.svg)",
        "Memory for each socket, and bytes of text for each delivery at 10 messages/s:",
        table(["server", "KB a socket", "bytes a delivery"], [*weights(measurements)]),
        *sizes_section(measurements),
        "## The other cases",
        table(["case", "server", "figures"], [*others(measurements)]),
        "## What was measured, and how",
        method(run.pinned, run.seconds),
        "## Every round",
        details(measurements),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def left_out(missing: Mapping[str, str]) -> str:
    return "\n".join(f"- **Left out:** {what}: {why}" for what, why in missing.items())


def disturbed(measurements: Measurements) -> str:
    """Says so where other programs took more than a twentieth of a core."""
    busy = [one.figures.get("others", 0.0) for one in measurements]
    spoilt = sum(share > BUSY for share in busy)
    if not spoilt:
        return ""
    return (
        f"**Other programs were at work** during {spoilt} of {len(busy)} readings, with up to "
        f"{max(busy):.0%} of a core: latencies of those are too high."
    )


# ---- One cell --------------------------------------------------------------------------------


def stacks_of(measurements: Measurements, case: str) -> list[str]:
    """In the order of the table of stacks."""
    read = {measurement.stack for measurement in measurements if measurement.case == case}
    return [stack for stack in STACKS if stack in read]


def rates_of(measurements: Measurements) -> list[float]:
    return sorted(
        {measurement.rate for measurement in measurements if measurement.case == "one-cell"}
    )


def rates_table(measurements: Measurements, cell: Callable[[Measurements, str, float], str]) -> str:
    rates = rates_of(measurements)
    rows = [
        [STACKS[stack].title, *(cell(measurements, stack, rate) for rate in rates)]
        for stack in stacks_of(measurements, "one-cell")
    ]
    return table(["server", *(f"{rate:g}/s" for rate in rates)], rows)


def cost(measurements: Measurements, stack: str, rate: float) -> str:
    figure = Figure("one-cell", stack, "us", rate)
    us = measurements.middle(figure)
    ratio = measurements.ratio(figure, Figure("one-cell", "neartalk", "us", rate))
    if us is None:
        return "-"
    return f"{us:.1f}" if ratio is None else f"{us:.1f} ({ratio:.2f} x)"


def latency(measurements: Measurements, stack: str, rate: float) -> str:
    both = [
        measurements.middle(Figure("one-cell", stack, name, rate)) for name in ("p50_ms", "p99_ms")
    ]
    return " / ".join(f"{value:,.0f}" for value in both if value is not None) or "-"


def weights(measurements: Measurements) -> Iterable[list[str]]:
    for stack in stacks_of(measurements, "one-cell"):
        names = (("kb", ".1f"), ("bytes", ".0f"))
        found = [
            (measurements.middle(Figure("one-cell", stack, name, RATE)), form)
            for name, form in names
        ]
        yield [
            STACKS[stack].title,
            *(f"{value:{form}}" for value, form in found if value is not None),
        ]


# ---- Crowds of other sizes -------------------------------------------------------------------


def sizes_section(measurements: Measurements) -> list[str]:
    """Nothing where no other sizes were measured."""
    if not stacks_of(measurements, "sizes"):
        return []
    return [
        "## Crowds of other sizes in one cell, 10 messages/s",
        "CPU for each delivery in microseconds:",
        sizes_table(measurements),
        "![Cost by size of the crowd](cost.svg)",
    ]


def by_size(measurements: Measurements, stack: str) -> list[tuple[float, float]]:
    """Listeners and microseconds, with the one-cell case among the sizes."""
    sizes = {
        (measurement.listeners, measurement.case)
        for measurement in measurements
        if measurement.case in {"one-cell", "sizes"} and measurement.stack == stack
    }
    found = {
        listeners: measurements.middle(Figure(case, stack, "us", RATE, listeners))
        for listeners, case in sizes
    }
    return [(size, us) for size, us in sorted(found.items()) if us]


def sizes_table(measurements: Measurements) -> str:
    columns = {
        stack: dict(by_size(measurements, stack)) for stack in stacks_of(measurements, "sizes")
    }
    sizes = sorted({size for column in columns.values() for size in column})
    rows = [
        [STACKS[stack].title, *(f"{column[size]:.1f}" if size in column else "-" for size in sizes)]
        for stack, column in columns.items()
    ]
    return table(["server", *(f"{size:g} listeners" for size in sizes)], rows)


# ---- The other cases -------------------------------------------------------------------------

WORDS = {
    "us": "{:.1f} us a delivery",
    "messages": "{:,.0f} messages a CPU second",
    "busiest": "{:.0%} of it by the busiest process",
    "p99_ms": "p99 {:,.0f} ms",
    "kb": "{:.1f} KB a socket",
    "kb_less_sessions": "{:.1f} KB of it since the sessions were made",
    "share": "{:.1%} of a core",
    "idle": "{:.1%} before anybody walked",
    "standing": "{:.1%} for as many calls without a move",
    "first_p50_ms": "first snapshot p50 {:,.0f} ms",
    "first_p99_ms": "p99 {:,.0f} ms",
    "cpu_s": "{:.2f} s of CPU",
    "script_s": "{:.2f} s of it scripts",
    "style_s": "{:.2f} styles",
    "layout_s": "{:.2f} layout",
    "call_ms": "{:.1f} ms a call",
    "frame_us": "{:.0f} us a frame of people",
    "a_second": "{:,.0f} deliveries a second",
    "tried": "{:,.0f} no longer",
    "late_ms": "with p99 {:,.0f} ms",
    "arrival_ms": "{:.1f} ms an arrival",
    "page_ms": "{:.1f} ms of it the first page",
    "session_ms": "{:.1f} the session",
    "place_ms": "{:.1f} the place",
    "near_ms": "{:.1f} the second page",
    "socket_ms": "{:.1f} the socket",
    "still_us": "{:.0f} us where nobody moved",
    "moved_us": "{:.0f} us where one did",
    "frame_bytes": "{:.0f} bytes",
    "mb_hour": "{:.2f} MB an hour",
    "people_mb_hour": "{:.2f} MB of it people",
    "frames_hour": "{:,.0f} frames",
    "message_bytes": "{:.0f} bytes a message",
    "person_bytes": "{:.0f} a person's row",
    "live_s": "live after {:.1f} s",
}
CASES = {
    "spread": "300 cells and six radii",
    "rooms": "rooms of 10 at 100 messages/s each",
    "two": "one cell at 100 messages/s, all at one process or half at each of two",
    "idle": "idle sockets",
    "walking": "people walking",
    "storm": "join storm",
    "arrivals": "people who arrive as the page does, ten to a place",
    "ceiling": "the most that one process bears, all in a cell",
    "ceiling-places": "the most that one process bears, 25 to a place",
    "people-change": "a change of people for a cohort of 80, before it is written",
    "page": "a page among simulated people",
    "page-cpu": "a page where 200 messages a minute are said, a minute",
    "page-slow": "a page on slow 3G and a slow phone",
}
SHOWN = {
    "spread": ("us", "p99_ms"),
    "rooms": ("messages", "us", "p99_ms"),
    "two": ("us", "busiest", "p99_ms"),
    "idle": ("kb", "kb_less_sessions", "share"),
    "walking": ("share", "idle", "standing", "call_ms", "frame_us"),
    "storm": ("live_s", "first_p50_ms", "first_p99_ms", "cpu_s"),
    "arrivals": (
        *("arrival_ms", "page_ms", "session_ms", "place_ms", "near_ms", "socket_ms", "call_ms"),
    ),
    "ceiling": ("a_second", "p99_ms", "us", "share", "tried", "late_ms"),
    "ceiling-places": ("a_second", "p99_ms", "us", "share", "tried", "late_ms"),
    "people-change": ("moved_us", "still_us", "frame_bytes"),
    "page": ("mb_hour", "people_mb_hour", "frames_hour", "message_bytes", "person_bytes"),
    "page-cpu": ("cpu_s", "script_s", "style_s", "layout_s"),
    "page-slow": ("live_s",),
}


def others(measurements: Measurements) -> Iterable[list[str]]:
    for case, title in CASES.items():
        read = [one for one in measurements if one.case == case]
        keys = dict.fromkeys((one.stack, one.rate, one.listeners) for one in read)
        for stack, rate, listeners in sorted(keys, key=lambda key: [*STACKS].index(key[0])):
            found = [
                WORDS[name].format(value)
                for name in SHOWN[case]
                if (value := measurements.middle(Figure(case, stack, name, rate, listeners)))
                is not None
            ]
            size = f"{title} ({listeners})" if case == "page" else title
            yield [size, STACKS[stack].title, ", ".join(found)]


# ---- Every round ----------------------------------------------------------------------------


def details(measurements: Measurements) -> str:
    """All rounds of what was read, folded away."""
    keys = dict.fromkeys(
        (one.case, one.stack, one.listeners, one.rate) for one in sorted(measurements, key=order)
    )
    rows = []
    for case, stack, listeners, rate in keys:
        same = [
            one
            for one in measurements
            if (one.case, one.stack, one.listeners, one.rate) == (case, stack, listeners, rate)
        ]
        names = [name for name in same[0].figures if name not in {"expected", "counted"}]
        found = [f"{name} {' '.join(f'{one.figures[name]:.4g}' for one in same)}" for name in names]
        if "counted" in same[0].figures:
            found += [
                f"{one.figures['counted']:,.0f} of {one.figures['expected']:,.0f}" for one in same
            ]
        rows.append([case, stack, str(listeners), f"{rate:g}", "; ".join(found)])
    head = ["case", "stack", "listeners", "rate", "figures of each round"]
    summary = "<summary>Figures as they were read</summary>"
    return f"<details>{summary}\n\n{table(head, rows)}\n\n</details>"


ORDER = [
    *("one-cell", "sizes", *CASES),
    *("dealt", "routed"),
    *("voice-mesh", "voice-desktop", "voice-phone", "voice-join", "voice-doors"),
]


def order(measurement: Measurement) -> tuple[int, int, int, float]:
    return (
        ORDER.index(measurement.case),
        [*STACKS].index(measurement.stack),
        measurement.listeners,
        measurement.rate,
    )


# ---- Pictures --------------------------------------------------------------------------------


def cost_picture(measurements: Measurements) -> str:
    lines = [line_of(stack, by_size(measurements, stack)) for stack in PICTURED]
    title = "Server CPU for each delivery, microseconds, at 10 messages/s"
    return chart([Panel(title, "listeners in one cell", [line for line in lines if line.points])])


def latency_picture(measurements: Measurements) -> str:
    panels = []
    for name in ("p50", "p99"):
        lines = []
        for stack in PICTURED:
            found = {
                rate: measurements.middle(Figure("one-cell", stack, f"{name}_ms", rate))
                for rate in rates_of(measurements)
            }
            lines.append(line_of(stack, [(rate, ms) for rate, ms in found.items() if ms]))
        title = f"Latency, {name}, milliseconds"
        panels.append(Panel(title, "messages a second", [line for line in lines if line.points]))
    return chart(panels)


def line_of(stack: str, points: Sequence[tuple[float, float]]) -> Line:
    family, _, form = stack.partition("-")
    return Line(STACKS[stack].title, points, HUES[family], bool(form), family == "neartalk")
