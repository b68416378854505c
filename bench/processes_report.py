"""The section of RESULTS.md on several processes, from what was read."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

from bench.measurements import Figure
from bench.report import details, disturbed, stacks_of, table
from bench.stacks import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.measurements import Measurements
    from bench.report import Run

CASES = ("dealt", "routed")
ONE = ("dealt", "neartalk-redis")
HEADING = "## One, two and four processes"
NEXT = "## What was measured, and how"
PARTS_USED = ("NearTalk", "Python", "Redis")
# A heading, the figure it stands for, and how it is told.
COLUMNS = (
    ("deliveries/s", "a_second", ",.0f"),
    ("p99 ms", "p99_ms", ",.0f"),
    ("CPU us a delivery", "us", ".1f"),
    ("Redis, CPU s for 1000 messages", "redis_s", ".3f"),
    ("published a message", "published", ".2f"),
)
HEAD = [
    "messages/s",
    "processes",
    "people of a place",
    *(title for title, *_ in COLUMNS),
    "CPU beside one process",
    "Redis beside that of one",
    "deliveries beside one, a core each",
]
PAIRS = (
    ("CPU a delivery", "us"),
    ("Redis, CPU a message", "redis_s"),
    ("p99", "p99_ms"),
    ("deliveries/s", "a_second"),
)
HOW = (
    "**Dealt**: people of a place are at all processes in turn, as by a proxy that knows nothing "
    "of places. **Routed**: all of a place are at one, by the hint that stands in the URL of their "
    "sockets. The places are such that hints deal them evenly, which a proxy only nearly does.",
    "**All processes and their Redis share one core**, the generator has the other. So more "
    "processes cannot deliver more here. Where more is said than one core bears, deliveries/s are "
    "what it did, until the last has come; below that they are what was asked for.",
    "What carries over is the work. **CPU** is that of all processes and Redis, **beside one "
    "process** at the same rate. **A core each**: how many times the deliveries of one process "
    "there would be when the busiest process, Redis among them, had all of a core to itself, as "
    "on a machine with so many cores.",
    "**Published**: commands to the channel layer, each of which Redis hands to every process that "
    "has people in the tile, also where that is only the one that said it. What waits for the "
    "layer travels as one, and one process alone publishes nothing. How much is handed and crosses "
    "is counted in [ROUTING.md](ROUTING.md).",
)


def put(section: str, page: str) -> str:
    """The page with this section, instead of what it has under the same heading."""
    heading = re.escape(section.partition("\n")[0])
    place = re.search(rf"^{heading}\n.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    place = place or re.search(rf"(?=^{re.escape(NEXT)}|\Z)", page, re.MULTILINE)
    start, end = place.span() if place else (len(page), len(page))
    return f"{page[:start]}{section}\n\n{page[end:]}".rstrip() + "\n"


def processes_section(run: Run, measurements: Measurements) -> str:
    people = max(measurement.listeners for measurement in measurements)
    parts = [
        HEADING,
        f"{people} people in {run.places} places too far apart to hear each other, at processes "
        f"that share one Redis. Measured on {run.date}; each rate lasts {run.seconds / 2:g} s, the "
        "first of them once more before it counts. Figures are medians over the rounds "
        f"({run.rounds}), ratios as above.",
        table(["what", "which"], [[part, run.versions[part]] for part in PARTS_USED]),
        disturbed(measurements),
        "**A trial: less of everything.**" if run.trial else "",
        table(HEAD, rows(measurements)),
        "Routed beside dealt, and between which ratios the rounds lay:",
        table(["messages/s", "processes", *(title for title, _ in PAIRS)], pairs(measurements)),
        "\n".join(f"- {line}" for line in HOW),
        details(measurements),
    ]
    return "\n\n".join(part for part in parts if part)


def rows(measurements: Measurements) -> Iterator[list[str]]:
    """By rate, then by the number of processes."""
    kinds = [(case, stack) for case in CASES for stack in stacks_of(measurements, case)]
    kinds.sort(key=lambda kind: STACKS[kind[1]].processes)
    for rate in sorted({measurement.rate for measurement in measurements}):
        for case, stack in kinds:
            told = [measurements.middle(Figure(case, stack, name, rate)) for _, name, _ in COLUMNS]
            yield [
                f"{rate:g}",
                f"{STACKS[stack].processes}",
                "-" if (case, stack) == ONE else case,
                *(
                    "-" if value is None else f"{value:{form}}"
                    for value, (*_, form) in zip(told, COLUMNS, strict=True)
                ),
                *beside_one(measurements, case, stack, rate),
            ]


def beside_one(measurements: Measurements, case: str, stack: str, rate: float) -> Iterator[str]:
    """How much more CPU a delivery takes, in all and of Redis, and how many more there are in the
    time of the busiest process."""
    cost, redis, busiest = (
        measurements.ratio(Figure(case, stack, name, rate), Figure(*ONE, name, rate))
        for name in ("us", "redis_s", "busiest_us")
    )
    for ratio in (cost, redis, busiest and 1 / busiest):
        yield "-" if ratio is None else f"{ratio:.2f} x"


def pairs(measurements: Measurements) -> Iterator[list[str]]:
    for rate in sorted({measurement.rate for measurement in measurements}):
        for stack in stacks_of(measurements, "routed"):
            ratios = (
                measurements.ratios(
                    Figure("routed", stack, name, rate), Figure("dealt", stack, name, rate)
                )
                for _, name in PAIRS
            )
            yield [f"{rate:g}", f"{STACKS[stack].processes}", *map(spread, ratios)]


def spread(ratios: Sequence[float]) -> str:
    if not ratios:
        return "-"
    return f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
