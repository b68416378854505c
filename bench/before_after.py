"""What a change costs: this checkout and an earlier one measured in turn, in one run.

    git worktree add ../before eaa4643
    python bench/before_after.py ../before [--case CASE] [--rounds N] [--seconds N] [--rates LIST]

Prints the CPU of the server for each delivery, and the ratio of after to before in each round.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import stacks
from bench.case_size import CaseSize
from bench.cases import CASES
from bench.cores import cores, pinned
from bench.kit import prepare
from tests.support.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = "neartalk"
LIMIT = 1.03


class ServerAt(Server):
    """NearTalk as it stands in another checkout."""

    folder_of_code: Path

    def options(self) -> dict[str, Any]:
        return {**super().options(), "cwd": self.folder_of_code}


@contextmanager
def served_from(folder: Path) -> Iterator[None]:
    """The stack is started from this folder."""
    ours = stacks.STACKS[STACK]

    def server(redis_url: str) -> Server:
        started = ServerAt("uvicorn", dict(stacks.NEARTALK))
        started.folder_of_code = folder
        return started

    stacks.STACKS[STACK] = replace(ours, server=server)
    try:
        yield
    finally:
        stacks.STACKS[STACK] = ours


def cost(case: str, size: CaseSize) -> dict[float, float]:
    """Microseconds of CPU for each delivery, by messages a second."""
    measurements = asyncio.run(CASES[case].read(STACK, size))
    return {measurement.rate: measurement.figures["us"] for measurement in measurements}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path, help="the folder of the earlier checkout")
    parser.add_argument("--case", choices=("one-cell", "rooms"), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rates", default="10,100", help="of one-cell, with commas (10,100)")
    asked = parser.parse_args()
    size = replace(
        CaseSize(), seconds=asked.seconds, rates=tuple(map(float, asked.rates.split(",")))
    )
    prepare()
    here, there = Path(__file__).resolve().parent.parent, asked.before.resolve()
    worst = 0.0
    with pinned(cores().others):
        for case in asked.case or ("one-cell", "rooms"):
            rounds = []
            for turn in range(asked.rounds):
                both = [there, here] if turn % 2 else [here, there]
                found = {}
                for folder in both:
                    with served_from(folder):
                        found[folder] = cost(case, size)
                rounds.append((found[there], found[here]))
                print(case, turn, *rounds[-1], flush=True)
            for rate in rounds[0][0]:
                ratio = median(after[rate] / before[rate] for before, after in rounds)
                costs = [median(one[at][rate] for one in rounds) for at in (0, 1)]
                print(f"{case} at {rate:g}/s: {costs[0]:.2f} -> {costs[1]:.2f} us, {ratio:.3f} x")
                worst = max(worst, ratio)
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
