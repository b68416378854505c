"""NearTalk beside what one would use instead, on this machine, in one run.

    python bench/compare.py [--only CASE] [--stack STACK] [--rounds N] [--seconds N] [--rates LIST]
                            [--trial] [--to FOLDER]

Prints what it reads and the targets. The whole run writes RESULTS.md, cost.svg, latency.svg and
VOICE.md to bench/; a part of it, or a trial, writes only to the folder it is told, and only the
pages of what it read.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.cases import CASES, TRIAL, Size
from bench.cores import cores, pinned
from bench.kit import BENCH, BUILD, Missing, machine, prepare, versions
from bench.measurements import Reading, Readings
from bench.processes_report import CASES as PROCESSES
from bench.processes_report import processes_section, put
from bench.report import Run, cost_picture, latency_picture, results
from bench.stacks import STACKS
from bench.targets import TARGETS
from bench.voice_report import CASES as VOICE
from bench.voice_report import voice_results


def measure(asked: argparse.Namespace, size: Size, missing: dict[str, str]) -> Readings:
    """Every case asked for, of every stack that is there, round by round."""
    readings = Readings()
    for turn in range(asked.rounds):
        for name, case in CASES.items():
            for stack in case.stacks:
                wanted = name in asked.only and stack in asked.stack
                wanted = wanted and (case.in_each or turn == 0)
                if wanted and STACKS[stack].family not in missing:
                    readings.add(one(turn, name, stack, size, missing))
                    readings.save(BUILD / "readings.json")
    return readings


def one(turn: int, name: str, stack: str, size: Size, missing: dict[str, str]) -> list[Reading]:
    """The readings of a case and a stack; what fails is named and does not end the run."""
    try:
        found = asyncio.run(CASES[name].read(stack, size))
    except Exception as why:
        traceback.print_exc()
        print(f"FAILED: {name} {stack}", file=sys.stderr, flush=True)
        missing[f"{name}, {STACKS[stack].title}"] = f"{type(why).__name__} {why}".splitlines()[0]
        return []
    for reading in found:
        print(line(reading), flush=True)
    return [replace(reading, round=turn) for reading in found]


def line(reading: Reading) -> str:
    figures = "  ".join(f"{name} {value:.4g}" for name, value in reading.figures.items())
    head = f"{reading.case:10} {reading.stack:16} {reading.listeners:5} at {reading.rate:4g}/s"
    return f"{head}  {figures}"


def write(folder: Path, run: Run, readings: Readings) -> None:
    """RESULTS.md and VOICE.md, and the pictures where there is anything to draw."""
    voice = Readings([reading for reading in readings if reading.case in VOICE])
    processes = Readings([reading for reading in readings if reading.case in PROCESSES])
    chat = Readings([reading for reading in readings if reading.case not in VOICE + PROCESSES])
    page = folder / "RESULTS.md"
    if voice.all:
        (folder / "VOICE.md").write_text(voice_results(run, voice))
    if chat.all:
        page.write_text(results(run, chat))
    if processes.all:
        rest = page.read_text() if page.exists() else ""
        page.write_text(put(processes_section(run, processes), rest))
    if any(reading.case == "one-cell" for reading in chat):
        (folder / "cost.svg").write_text(cost_picture(chat))
        (folder / "latency.svg").write_text(latency_picture(chat))


def main() -> int:
    asked = options()
    size = TRIAL if asked.trial else Size()
    if asked.seconds:
        size = replace(size, seconds=asked.seconds)
    if asked.rates:
        size = replace(size, rates=tuple(map(float, asked.rates.split(","))))
    missing = prepare()
    for family, why in missing.items():
        print(f"LEFT OUT: {family}: {why}", file=sys.stderr, flush=True)
    run = Run(
        date=time.strftime("%Y-%m-%d"),
        machine=machine(),
        pinned=cores().apart,
        rounds=asked.rounds,
        seconds=size.seconds,
        trial=asked.trial,
        listeners=size.listeners,
        places=size.places,
        versions=versions(missing),
        missing=missing,
    )
    with pinned(cores().others):
        readings = measure(asked, size, missing)
    for target in TARGETS:
        print(" | ".join(target.row(readings)))
    if asked.to:
        write(asked.to, run, readings)
    return 0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES, action="append", help="a case")
    parser.add_argument("--stack", choices=STACKS, action="append", help="a server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="for each rate")
    parser.add_argument("--rates", help="of one-cell, with commas")
    parser.add_argument("--trial", action="store_true", help="less of everything, to try it out")
    parser.add_argument("--to", type=Path, help="folder for the pages and pictures")
    asked = parser.parse_args()
    if not (asked.only or asked.stack or asked.trial or asked.rates):
        asked.to = asked.to or BENCH
    asked.only, asked.stack = asked.only or [*CASES], asked.stack or [*STACKS]
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as nothing:
        sys.exit(f"bench: {nothing}")
