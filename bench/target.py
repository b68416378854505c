"""What is set out to reach, and whether it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
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


def microseconds(value: float) -> str:
    return f"{value:.0f} us"


def tenths_of_ms(value: float) -> str:
    return f"{value:.1f} ms"


def a_second(value: float) -> str:
    return f"{value:,.0f}/s"


def milliseconds(value: float) -> str:
    return f"{value:,.0f} ms"


def hundredths_of_s(value: float) -> str:
    return f"{value:.2f} s"


def seconds(value: float) -> str:
    return f"{value:.1f} s"


@dataclass(frozen=True)
class Target:
    """A figure, or its ratio to another of the same round times a factor, at most (or at least) so
    much. `before` is what was measured when the target was set. What holds `in_every` round is told
    by its worst; elsewhere by the median."""

    case: str
    asks: str
    limit: float
    show: Show
    over: Figure
    under: Figure | None = None
    factor: float = 1.0
    at_least: bool = False
    before: str = "-"
    in_every: bool = False

    def measured(self, measurements: Measurements) -> float | None:
        if self.under is None:
            found = [*measurements.by_round(self.over).values()]
        else:
            found = measurements.ratios(self.over, self.under)
        if not found:
            return None
        worst = min if self.at_least else max
        return (worst(found) if self.in_every else median(found)) * self.factor

    def verdict(self, measured: float) -> str:
        if measured >= self.limit if self.at_least else measured <= self.limit:
            return "met"
        return f"missed by {max(1, round(abs(measured / self.limit - 1) * 100))} %"

    def row(self, measurements: Measurements) -> list[str]:
        measured = self.measured(measurements)
        if measured is None:
            return [self.case, self.asks, self.before, "not measured", "-"]
        return [self.case, self.asks, self.before, self.show(measured), self.verdict(measured)]
