"""Does the harness of tests/noninterference notice a leak? Plants one after the other.

    python bench/leaks.py [--only NAME ...] [--where server|page]

Each leak is what a careless engineer could write: a line in a copy of the product. Server worlds
are led in it, or a visit in Chromium, until an oracle finds something. Prints a line for each; ends
with 1 if any passes unnoticed. A leak whose place in the code is gone is an error: move it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.leaks_planted import LEAKS

if TYPE_CHECKING:
    from bench.leaks_planted import Leak

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("neartalk", "presence", "chat", "voice", "templates", "static", "tests", "bench", "docs")
PAGE_TESTS = "tests/noninterference/test_page_worlds.py"
LIMIT_S = 900
# What pytest prints of the list of differences.
FAULTS = "E       assert ["


@dataclass(frozen=True, slots=True)
class Verdict:
    """`found` is what noticed it, "" where nothing did."""

    leak: Leak
    found: str
    seconds: float

    def __str__(self) -> str:
        fate = f"caught by {self.found}" if self.found else "PASSED UNNOTICED"
        return f"{self.leak.name}: {fate} ({self.seconds:.0f} s)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="leaks by their names")
    parser.add_argument("--where", choices=["server", "page"], help="those of one side")
    asked = parser.parse_args()
    chosen = [one for one in LEAKS if not asked.only or one.name in asked.only]
    outcomes = []
    for leak in chosen:
        if asked.where in {None, leak.where}:
            outcomes.append(tried(leak))
            print(outcomes[-1], flush=True)
    caught = sum(bool(one.found) for one in outcomes)
    print(f"{caught} of {len(outcomes)} leaks are caught")
    return int(caught < len(outcomes))


def tried(leak: Leak) -> Verdict:
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neartalk-leak-") as folder:
        root = copy_of_product(Path(folder))
        leak.plant(root)
        found = first_fault(root, leak.first) if leak.where == "server" else page_fault(root)
    return Verdict(leak, found, time.monotonic() - start_s)


def copy_of_product(folder: Path) -> Path:
    for name in COPIED:
        ignore = shutil.ignore_patterns("__pycache__", "build")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def first_fault(root: Path, first: str) -> str:
    """The first oracle that finds something, in a process that knows nothing of our own copy."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.noninterference.verdict", first],
        cwd=root,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout.strip()


def page_fault(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", PAGE_TESTS, "-x", "-q"],
        cwd=root,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    faults = [line for line in done.stdout.splitlines() if line.startswith(FAULTS)]
    if done.returncode and not faults:
        raise RuntimeError(done.stdout[-2000:])
    shown = [line for line in done.stdout.splitlines() if "first extra item" in line]
    return str([*shown, *faults][0].strip("E '")[:200]) if faults else ""


if __name__ == "__main__":
    sys.exit(main())
