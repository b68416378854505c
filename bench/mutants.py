"""Do the tests notice when the code is wrong? Breaks one line at a time and runs the tests that
reach it.

    python bench/mutants.py [--seed N] [--count N] [--minutes N] [--again] [MODULE ...]

MODULE is a file or folder; by default all that serves people: commands, the admin and what only
developers run are left out. The first run measures which tests reach which line, and takes about as
long as the suite; later ones use that again until `--again`, so measure anew after changes. A
mutant is caught where a test fails, hangs or does not start. Of the tests that reach a line, those
that run the fewest lines run first, and of more than MOST only these; then files of tests whose
servers reach it, FILES of them; then those of its app: who survives has survived these. Tests that
fail are run once more without the mutant: where they fail then too, they catch nothing.

Prints each survivor, and one Markdown table; ends with 1 if fewer than 97 % were caught.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mutations import Mutation, mutations
from bench.reaching_tests import measured, reaching_tests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.reaching_tests import ReachingTests

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bench" / "build" / "mutants"
APPS = ("neartalk", "presence", "chat", "voice")
LEFT_OUT = {"migrations", "management", "devtools", "doctor", "stats", "operators", "profiling"}
LEFT_OUT_FILES = {"admin.py", "apps.py", "checks.py", "settings.py", "stats.py", "doctor.py"}
TARGET = 0.97
FIRST, MOST, FILES = 25, 150, 6
# They take minutes, and say little of one line.
DEAR = {"test_admin_million.py", "test_canary.py", "test_delivery.py", "test_simulation.py"}
HANG_S, FILES_S, ENDING_S = 150, 300, 30


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str
    mutation: Mutation

    def __str__(self) -> str:
        return f"{self.module}:{self.mutation.line}: {self.mutation.what}"


@dataclass(frozen=True, slots=True)
class Outcome:
    mutant: Mutant
    caught: bool
    tests: int

    def __str__(self) -> str:
        fate = "caught" if self.caught else f"SURVIVED {self.tests} tests"
        return f"{fate}: {self.mutant}"


def main() -> int:
    options = _options()
    with contextlib.suppress(FileNotFoundError):
        if options.again:
            shutil.rmtree(FOLDER)
    copies = [FOLDER / f"copy{number}" for number in range(options.workers)]
    if not (FOLDER / "coverage").exists():
        _copy(copies[0])
        try:
            measured(copies[0], FOLDER / "coverage")
        except subprocess.CalledProcessError:
            shutil.rmtree(FOLDER / "coverage")
            print("The suite does not run.", file=sys.stderr)
            return 2
    reaching = reaching_tests(copies[0], FOLDER / "coverage")
    for copy in copies:
        _copy(copy)
    reaching.forget_all_but(_collected(copies[0]))
    chosen = choose(modules(options.modules), options.seed, options.count)
    outcomes = list(_run(chosen, reaching, copies, options.minutes))
    print(table(outcomes))
    return int(sum(outcome.caught for outcome in outcomes) < TARGET * len(outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true")
    return parser.parse_args()


def modules(named: Sequence[str]) -> list[str]:
    """Modules of this checkout, relative to it."""
    paths = [ROOT / name for name in named or APPS]
    found = [each for path in paths for each in ([path] if path.is_file() else path.rglob("*.py"))]
    relative = (path.resolve().relative_to(ROOT) for path in found)
    return sorted(str(path) for path in relative if named or not _left_out(path))


def _left_out(path: Path) -> bool:
    return bool(LEFT_OUT & set(path.parts)) or path.name in LEFT_OUT_FILES


def choose(named: Sequence[str], seed: int, count: int) -> list[Mutant]:
    """Each place that can be changed is as likely as any other."""
    sources = {name: (ROOT / name).read_text() for name in named}
    every = [Mutant(name, each) for name in named for each in mutations(sources[name])]
    random.Random(seed).shuffle(every)
    whole = (one for one in every if one.mutation.compiles(sources[one.module]))
    return list(islice(whole, count))


def _run(
    chosen: Sequence[Mutant], reaching: ReachingTests, copies: Sequence[Path], minutes: float
) -> Iterator[Outcome]:
    end = time.monotonic() + minutes * 60
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def attempt(mutant: Mutant) -> Outcome | None:
        if time.monotonic() > end:
            return None
        copy = free.get()
        try:
            return outcome_of(mutant, reaching, copy)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        for done in as_completed([pool.submit(attempt, mutant) for mutant in chosen]):
            if outcome := done.result():
                print(outcome, flush=True)
                yield outcome


def outcome_of(mutant: Mutant, reaching: ReachingTests, copy: Path) -> Outcome:
    tests = reaching.of(mutant.module, mutant.mutation.line)
    served = cheap(reaching.files_of(mutant.module, mutant.mutation.line))[:FILES]
    rest = [file for file in files_of_app(mutant.module, copy) if file not in served]
    left_out = [f"--deselect={test}" for test in sorted(reaching.gone) if "::" in test]
    batches = (tests[:FIRST], HANG_S), (tests[FIRST:MOST], HANG_S), (served, None), (rest, None)
    caught = any(
        _catches([*left_out, *batch], mutant, copy, hang_s) for batch, hang_s in batches if batch
    )
    return Outcome(mutant, caught, len({*tests, *served, *rest}))


def _catches(asked: Sequence[str], mutant: Mutant, copy: Path, hang_s: float | None) -> bool:
    """Whether these tests fail for the mutant, and pass without it. What takes longer than
    `hang_s` hangs; without it, whatever is not done in time has caught nothing."""
    path = copy / mutant.module
    source = path.read_text()
    path.write_text(mutant.mutation.applied(source))
    try:
        passes, failed = _run_tests(asked, copy, hang_s or FILES_S)
    finally:
        path.write_text(source)
    if passes or not (failed or hang_s):
        return False
    return _run_tests(failed or asked[-1:], copy, HANG_S)[0]


def files_of_app(module: str, copy: Path) -> list[str]:
    """Test files of an app: what only a server that tests started runs is not known by test."""
    folder = copy / "tests" / Path(module).parts[0]
    return cheap(sorted(str(file.relative_to(copy)) for file in folder.rglob("test_*.py")))


def cheap(files: Sequence[str]) -> list[str]:
    return [file for file in files if Path(file).name not in DEAR]


def _run_tests(asked: Sequence[str], copy: Path, limit_s: float) -> tuple[bool, list[str]]:
    """Whether all pass within so many seconds, and which one did not."""
    found = copy.with_name(f"{copy.name}-failed")
    found.write_text("")
    command = [sys.executable, "-m", "pytest", "-x", "-p", "bench.failed_tests", "--timeout", "60"]
    run = subprocess.Popen(
        [*command, *asked],
        cwd=copy,
        env={**os.environ, "FAILED_TESTS": str(found), "PYTHONPATH": str(copy)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        passes = run.wait(limit_s) == 0
    except subprocess.TimeoutExpired:
        passes = False
        _end(run)
    return passes, found.read_text().splitlines()


def _end(run: subprocess.Popen[bytes]) -> None:
    """Lets pytest end the servers that it has started, if it still can."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.send_signal(signal.SIGINT)
        run.wait(ENDING_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def _collected(copy: Path) -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only"]
    listing = subprocess.run(command, cwd=copy, check=True, capture_output=True, text=True)
    return {line for line in listing.stdout.splitlines() if "::" in line}


def _copy(folder: Path) -> None:
    """What git tracks of this checkout, as it is now."""
    shutil.rmtree(folder, ignore_errors=True)
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listing.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def table(outcomes: Sequence[Outcome]) -> str:
    rows = ["| app | mutants | caught | survived |", "| --- | ---: | ---: | ---: |"]
    for app in (*APPS, "all"):
        of = [one for one in outcomes if app == "all" or one.mutant.module.startswith(f"{app}/")]
        caught = sum(one.caught for one in of)
        rows.append(f"| {app} | {len(of)} | {caught} | {len(of) - caught} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
