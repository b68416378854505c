"""What was read, and the arithmetic on it: medians of several rounds, ratios within one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Reading:
    """The figures of one stack in one case, at one rate: `us` is CPU for each delivery in
    microseconds, `kb` memory for each socket, `share` a part of one core."""

    case: str
    stack: str
    listeners: int
    rate: float
    figures: dict[str, float]
    round: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """Names one figure of all rounds."""

    case: str
    stack: str
    name: str
    rate: float = 0.0
    listeners: int = 0

    def names(self, reading: Reading) -> bool:
        """`listeners` 0 is any number of them."""
        return (
            (reading.case, reading.stack, reading.rate) == (self.case, self.stack, self.rate)
            and self.listeners in {0, reading.listeners}
            and self.name in reading.figures
        )


@dataclass
class Readings:
    all: list[Reading] = field(default_factory=list)

    def __iter__(self) -> Iterator[Reading]:
        return iter(self.all)

    def add(self, readings: Iterable[Reading]) -> None:
        self.all += readings

    def by_round(self, figure: Figure) -> dict[int, float]:
        return {
            reading.round: reading.figures[figure.name]
            for reading in self.all
            if figure.names(reading)
        }

    def middle(self, figure: Figure) -> float | None:
        """The median of all rounds; None where it was not read."""
        found = self.by_round(figure).values()
        return median(found) if found else None

    def ratios(self, over: Figure, under: Figure) -> list[float]:
        """Each of two figures of the same round."""
        above, below = self.by_round(over), self.by_round(under)
        return [above[turn] / below[turn] for turn in above.keys() & below.keys() if below[turn]]

    def ratio(self, over: Figure, under: Figure) -> float | None:
        """The median of the ratios."""
        found = self.ratios(over, under)
        return median(found) if found else None

    def save(self, path: Path) -> None:
        """As JSON, for whoever wants to look closer."""
        path.write_text(json.dumps([asdict(reading) for reading in self.all], indent=1) + "\n")
