"""Leads the worlds of a seed, and prints the first oracle that finds something.

python -m tests.noninterference.verdict [WORLD]
"""

from __future__ import annotations

import sys

from tests.noninterference import oracles
from tests.noninterference.nursery import Nursery
from tests.noninterference.scene import HERE, WORLDS

SEED = 3


def first_fault(nursery: Nursery, seed: int, first: str = HERE) -> str:
    """The name of the oracle, "" where none finds anything. `first` is led before the others."""
    worlds: dict[str, oracles.World] = {}
    begin = tuple(dict.fromkeys((HERE, first)))
    for kinds in (begin, tuple(kind for kind in WORLDS if kind not in begin)):
        worlds |= nursery.lead(seed, kinds)
        for oracle, faults in oracles.faults_of(worlds).items():
            return f"{oracle}: {faults[0][:150]!r}"
    return ""


def main() -> None:
    first = sys.argv[1] if len(sys.argv) > 1 else HERE
    with Nursery() as nursery:
        sys.stdout.write(f"{first_fault(nursery, SEED, first)}\n")


if __name__ == "__main__":
    main()
