"""Leads the worlds of a seed, and prints what the oracles find, a fault a line.

python -m tests.noninterference.verdict [WORLD [all]]
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.noninterference import oracles
from tests.noninterference.nursery import Nursery
from tests.noninterference.scene import HERE, WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = 3


def first_faults(nursery: Nursery, first: str) -> list[str]:
    """What worlds begin with comes first, of those that are likely to show something: a fault
    there is one of the whole worlds too, which are led only if there is none."""
    begin = tuple(dict.fromkeys((HERE, first)))
    early = faults(nursery.lead(SEED, begin, cut=True))
    return early or faults(nursery.lead(SEED, WORLDS))


def faults(worlds: dict[str, oracles.World]) -> list[str]:
    found: Iterable[tuple[str, list[str]]] = oracles.faults_of(worlds).items()
    return [f"{oracle}: {fault}" for oracle, faults in found for fault in faults]


def main() -> None:
    first, everything = [*sys.argv[1:], HERE][0], "all" in sys.argv
    with Nursery() as nursery:
        found = faults(nursery.lead(SEED, (HERE,))) if everything else first_faults(nursery, first)
    sys.stdout.write("".join(f"{json.dumps(one)}\n" for one in found))


if __name__ == "__main__":
    main()
