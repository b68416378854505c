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
class Measurement:
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

    def names(self, measurement: Measurement) -> bool:
        """`listeners` 0 is any number of them."""
        return (
            (measurement.case, measurement.stack, measurement.rate)
            == (self.case, self.stack, self.rate)
            and self.listeners in {0, measurement.listeners}
            and self.name in measurement.figures
        )


@dataclass
class Measurements:
    all: list[Measurement] = field(default_factory=list)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.all)

    def add(self, measurements: Iterable[Measurement]) -> None:
        self.all += measurements

    def by_round(self, figure: Figure) -> dict[int, float]:
        return {
            measurement.round: measurement.figures[figure.name]
            for measurement in self.all
            if figure.names(measurement)
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
        path.write_text(
            json.dumps([asdict(measurement) for measurement in self.all], indent=1) + "\n"
        )

    @classmethod
    def load(cls, path: Path) -> Measurements:
        """As `save` left them."""
        return cls([Measurement(**one) for one in json.loads(path.read_text())])
