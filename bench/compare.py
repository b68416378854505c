"""NearTalk beside what one would use instead, on this machine, in one run.

    python bench/compare.py [--only CASE] [--without CASE] [--stack STACK] [--rounds N]
                            [--seconds N] [--rates LIST] [--trial] [--again] [--to FOLDER]

Prints what it reads and the targets. The whole run writes RESULTS.md, cost.svg, latency.svg and
VOICE.md to bench/, also without some cases; a part of it, or a trial, writes only to the folder it
is told, and only the pages of what it read. All readings stay in build/readings.json: --again
writes the pages of a run that ended before it did, without naming what failed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.case_size import TRIAL, CaseSize
from bench.cases import CASES
from bench.cores import cores, pinned
from bench.kit import BENCH, BUILD, Missing, machine, prepare, versions
from bench.measurements import Measurement, Measurements
from bench.processes_report import CASES as PROCESSES
from bench.processes_report import processes_section, put
from bench.report import Run, cost_picture, latency_picture, results
from bench.stacks import STACKS
from bench.targets import TARGETS
from bench.voice_report import CASES as VOICE
from bench.voice_report import voice_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


READINGS = "readings.json"
Failed = dict[tuple[str, str], str]


def measure(asked: argparse.Namespace, size: CaseSize, missing: dict[str, str]) -> Measurements:
    """Every case asked for, of every stack that is there, round by round. What fails is named, does
    not end the run, and is tried once more at the end of its round."""
    measurements = Measurements()

    def read(turn: int, kinds: Iterable[tuple[str, str]]) -> Failed:
        failed: Failed = {}
        for name, stack in kinds:
            measurements.add(one(turn, name, stack, size, failed))
            measurements.save(BUILD / READINGS)
        return failed

    for turn in range(asked.rounds):
        failed = read(turn, [*wanted(asked, turn, missing)])
        for name, stack in failed:
            print(f"once more: {name} {stack}", flush=True)
        again = read(turn, failed)
        for (name, stack), why in (failed | again).items():
            tried = "twice" if (name, stack) in again else "once, and was read then"
            what = f"{name}, {STACKS[stack].title}, round {turn + 1}"
            missing[what] = f"failed {tried}: {why}"
    return measurements


def wanted(
    asked: argparse.Namespace, turn: int, missing: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Cases and stacks of a round."""
    for name, case in CASES.items():
        for stack in case.stacks:
            chosen = name in asked.only and stack in asked.stack
            if chosen and case.reads(stack, turn) and STACKS[stack].family not in missing:
                yield name, stack


def one(turn: int, name: str, stack: str, size: CaseSize, failed: Failed) -> list[Measurement]:
    """The measurements of a case and a stack, or none and why it failed."""
    start_s = time.monotonic()
    try:
        found = asyncio.run(CASES[name].read(stack, size))
    except Exception as why:
        traceback.print_exc()
        print(f"FAILED: {name} {stack}", file=sys.stderr, flush=True)
        failed[name, stack] = f"{type(why).__name__} {why}".splitlines()[0]
        return []
    for measurement in found:
        print(line(measurement), flush=True)
    print(f"{name} {stack} took {time.monotonic() - start_s:.0f} s", flush=True)
    return [replace(measurement, round=turn) for measurement in found]


def line(measurement: Measurement) -> str:
    figures = "  ".join(f"{name} {value:.4g}" for name, value in measurement.figures.items())
    head = f"{measurement.case:10} {measurement.stack:16} {measurement.listeners:5}"
    return f"{head} at {measurement.rate:4g}/s  {figures}"


def write(folder: Path, run: Run, measurements: Measurements) -> None:
    """RESULTS.md and VOICE.md, and the pictures where there is anything to draw."""
    voice = Measurements([measurement for measurement in measurements if measurement.case in VOICE])
    processes = Measurements(
        [measurement for measurement in measurements if measurement.case in PROCESSES]
    )
    chat = Measurements(
        [measurement for measurement in measurements if measurement.case not in VOICE + PROCESSES]
    )
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "RESULTS.md"
    if voice.all:
        (folder / "VOICE.md").write_text(voice_results(replace(run, seconds=run.voice_s), voice))
    if chat.all:
        page.write_text(results(run, chat, measurements))
    if processes.all:
        rest = page.read_text() if page.exists() else ""
        page.write_text(put(processes_section(run, processes), rest))
    if any(measurement.case == "one-cell" for measurement in chat):
        (folder / "latency.svg").write_text(latency_picture(chat))
    if any(measurement.case == "sizes" for measurement in chat):
        (folder / "cost.svg").write_text(cost_picture(chat))


def main() -> int:
    asked = options()
    size = TRIAL if asked.trial else CaseSize()
    if asked.seconds:
        size = replace(size, seconds=asked.seconds, voice_s=asked.seconds)
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
        voice_s=size.voice_s,
        trial=asked.trial,
        listeners=size.listeners,
        places=size.places,
        versions=versions(missing),
        missing=missing,
    )
    if asked.again:
        measurements = Measurements.load(BUILD / READINGS)
    else:
        with pinned(cores().others):
            measurements = measure(asked, size, missing)
    for target in TARGETS:
        print(" | ".join(target.row(measurements)))
    if asked.to:
        write(asked.to, run, measurements)
    return 0


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES, action="append", help="a case")
    parser.add_argument(
        "--without", choices=CASES, action="append", default=[], help="a case left out"
    )
    parser.add_argument("--stack", choices=STACKS, action="append", help="a server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="for each rate")
    parser.add_argument("--rates", help="of one-cell, with commas")
    parser.add_argument("--trial", action="store_true", help="less of everything, to try it out")
    parser.add_argument(
        "--again", action="store_true", help="the pages once more, of what was read last"
    )
    parser.add_argument("--to", type=Path, help="folder for the pages and pictures")
    asked = parser.parse_args(arguments)
    if not (asked.only or asked.stack or asked.trial or asked.rates):
        asked.to = asked.to or BENCH
    asked.only = [case for case in asked.only or CASES if case not in asked.without]
    asked.stack = asked.stack or [*STACKS]
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as nothing:
        sys.exit(f"bench: {nothing}")
