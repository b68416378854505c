"""Line charts with logarithmic axes as SVG; each line is labelled where it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[float, float]

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 420, 44, 48, 56, 176
PLOT_WIDTH = 400
LABEL_GAP = 15
# Hues that people who see fewer colours tell apart (Okabe and Ito, Color Universal Design, 2008),
# darker on light ground and lighter on dark.
STYLE = """
svg { font: 12px system-ui, sans-serif }
.ground { fill: #fff } text { fill: #333 } .title { font-weight: 600; font-size: 14px }
.grid { stroke: #ddd } .halo { stroke: #fff; stroke-width: 4; paint-order: stroke }
.line { fill: none; stroke-width: 1.75 } .ours { stroke-width: 3 } .dash { stroke-dasharray: 6 4 }
.s0 { stroke: #0067a5 } .s1 { stroke: #c04a00 } .s2 { stroke: #00795a } .s3 { stroke: #9b3f86 }
.s4 { stroke: #666 } .d0 { fill: #0067a5 } .d1 { fill: #c04a00 } .d2 { fill: #00795a }
.d3 { fill: #9b3f86 } .d4 { fill: #666 }
.s5 { stroke: #8a7400 } .s6 { stroke: #6a4fc4 } .d5 { fill: #8a7400 } .d6 { fill: #6a4fc4 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #15181c } text { fill: #ddd } .grid { stroke: #333a42 } .halo { stroke: #15181c }
  .s0 { stroke: #5bb8f0 } .s1 { stroke: #ff9a57 } .s2 { stroke: #2fc79b } .s3 { stroke: #e08bc9 }
  .s4 { stroke: #aaa } .d0 { fill: #5bb8f0 } .d1 { fill: #ff9a57 } .d2 { fill: #2fc79b }
  .d3 { fill: #e08bc9 } .d4 { fill: #aaa }
  .s5 { stroke: #f0e442 } .s6 { stroke: #b5a1ff } .d5 { fill: #f0e442 } .d6 { fill: #b5a1ff }
}
"""


@dataclass(frozen=True)
class Line:
    """`hue` is 0 to 6; NearTalk's own has more weight."""

    title: str
    points: Sequence[Point]
    hue: int
    dashed: bool = False
    ours: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    across: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Scale:
    """Logarithmic: the values low to high stand at the pixels start to end; a single one in the
    middle."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        decades = math.log(self.high / self.low)
        share = math.log(value / self.low) / decades if decades else 0.5
        return self.start + share * (self.end - self.start)


def decades(values: Iterable[float]) -> list[float]:
    """Powers of ten from below the least value to above the greatest; two at least."""
    found = [value for value in values if value > 0]
    low = math.floor(math.log10(min(found)))
    high = max(low + 1, math.ceil(math.log10(max(found))))
    return [10.0**power for power in range(low, high + 1)]


def spaced(wanted: Sequence[float], gap: float) -> list[float]:
    """The same heights in the same order, moved so that no two are closer than the gap."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    runs: list[list[int]] = []
    for index in order:
        runs.append([index])
        while len(runs) > 1 and start_of(runs[-1], wanted, gap) < (
            start_of(runs[-2], wanted, gap) + gap * len(runs[-2])
        ):
            runs[-2:] = [runs[-2] + runs[-1]]
    for run in runs:
        start = start_of(run, wanted, gap)
        for turn, index in enumerate(run):
            placed[index] = start + gap * turn
    return placed


def start_of(run: Sequence[int], wanted: Sequence[float], gap: float) -> float:
    """Where a run of labels begins whose middle is the middle of where they want to be."""
    middle = sum(wanted[index] for index in run) / len(run)
    return middle - gap * (len(run) - 1) / 2


def chart(panels: Sequence[Panel]) -> str:
    """Panels side by side with the same heights, so that they compare."""
    width = len(panels) * (LEFT + PLOT_WIDTH + RIGHT)
    values = [y for panel in panels for line in panel.lines for _, y in line.points]
    heights = decades(values)
    drawn = [
        drawing(panel, turn * (LEFT + PLOT_WIDTH + RIGHT) + LEFT, heights)
        for turn, panel in enumerate(panels)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img">'
    titles = escape("; ".join(panel.title for panel in panels))
    ground = f'<rect class="ground" width="{width}" height="{HEIGHT}"/>'
    return "\n".join(
        [head, f"<title>{titles}</title>", f"<style>{STYLE}</style>", ground, *drawn, "</svg>", ""]
    )


def drawing(panel: Panel, left: float, heights: Sequence[float]) -> str:
    """One panel: heading, grid, axes, lines and their labels."""
    ticks = sorted({x for line in panel.lines for x, _ in line.points})
    across = Scale(ticks[0], ticks[-1], left, left + PLOT_WIDTH)
    up = Scale(heights[0], heights[-1], HEIGHT - BOTTOM, TOP)
    parts = [text(left - 40, 22, panel.title, "title")]
    for value in heights:
        parts.append(rule(left, up.at(value), left + PLOT_WIDTH, up.at(value)))
        parts.append(text(left - 8, up.at(value) + 4, f"{value:g}", anchor="end"))
    for value in ticks:
        parts.append(rule(across.at(value), TOP, across.at(value), HEIGHT - BOTTOM))
        parts.append(text(across.at(value), HEIGHT - BOTTOM + 18, f"{value:g}", anchor="middle"))
    parts.append(text(left + PLOT_WIDTH / 2, HEIGHT - 10, panel.across, anchor="middle"))
    parts += [curve(line, across, up) for line in panel.lines]
    parts += labels(panel.lines, across, up)
    return "\n".join(parts)


def curve(line: Line, across: Scale, up: Scale) -> str:
    places = [(across.at(x), up.at(y)) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    kind = f"line s{line.hue}{' dash' if line.dashed else ''}{' ours' if line.ours else ''}"
    dots = "".join(
        f'<circle class="d{line.hue}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places
    )
    return f'<polyline class="{kind}" points="{path}"/>{dots}'


def labels(lines: Sequence[Line], across: Scale, up: Scale) -> list[str]:
    """Beside each line's last point; those that end together stand one below the other."""
    found = []
    for end in sorted({line.points[-1][0] for line in lines}):
        ending = [line for line in lines if line.points[-1][0] == end]
        # Where other lines go on, a label stands above its own.
        lift = 0 if end == across.high else 9
        rows = spaced([up.at(line.points[-1][1]) - lift for line in ending], LABEL_GAP)
        for line, y in zip(ending, rows, strict=True):
            found.append(text(across.at(end) + 9, y + 4, line.title, f"halo d{line.hue}"))
    return found


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
