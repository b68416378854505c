"""Does the harness of tests/noninterference notice a leak? Plants one after the other.

    python bench/leaks.py [--only NAME ...] [--where server|page]

Each leak is what a careless engineer could write: a line in a copy of the product. Server worlds
are led in it, or a visit in Chromium, until an oracle finds something. Prints a line for each; ends
with 1 if any passes unnoticed. A leak whose place in the code is gone is an error: move it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.leaks_planted import LEAKS
from tests.noninterference.scene import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.leaks_planted import Leak

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("neartalk", "presence", "chat", "voice", "templates", "static", "tests", "bench", "docs")
LIMIT_S = 900


@dataclass(frozen=True, slots=True)
class Verdict:
    """`found` is what noticed it, "" where nothing did."""

    leak: Leak
    found: str
    seconds: float

    def __str__(self) -> str:
        fate = f"caught by {self.found[:150]!r}" if self.found else "PASSED UNNOTICED"
        return f"{self.leak.name}: {fate} ({self.seconds:.0f} s)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="leaks by their names")
    parser.add_argument("--where", choices=["server", "page"], help="those of one side")
    asked = parser.parse_args()
    chosen = [one for one in LEAKS if not asked.only or one.name in asked.only]
    chosen = [one for one in chosen if asked.where in {None, one.where}]
    verdicts: dict[str, Verdict] = {}
    for verdict in tried(chosen):
        verdicts[verdict.leak.name] = verdict
        print(verdict, flush=True)
    missed = [one.leak.name for one in verdicts.values() if not one.found]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)} leaks are caught; not: {missed}")
    return int(bool(missed))


def tried(leaks: list[Leak]) -> Iterator[Verdict]:
    """Together those that can be told apart, then all others and what passed there, alone."""
    caught = set()
    for verdict in tried_together([one for one in leaks if one.sign]):
        caught.add(verdict.leak.name)
        yield verdict
    for leak in leaks:
        if leak.where == "server" and leak.name not in caught:
            yield tried_alone(leak)
    yield from tried_in_pages([one for one in leaks if one.where == "page"])


def tried_together(leaks: list[Leak]) -> Iterator[Verdict]:
    """Those of them that are found, each by its sign."""
    if len(leaks) < 2:
        return
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neartalk-leak-") as folder:
        root = copy_of_product(Path(folder))
        for leak in leaks:
            leak.plant(root)
        faults = faults_of(root, HERE, "all")
    for leak in leaks:
        if own := [fault for fault in faults if re.search(leak.sign, fault)]:
            yield Verdict(leak, own[0], time.monotonic() - start_s)


def tried_alone(leak: Leak) -> Verdict:
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neartalk-leak-") as folder:
        root = copy_of_product(Path(folder))
        leak.plant(root)
        faults = faults_of(root, leak.first)
    return Verdict(leak, faults[0] if faults else "", time.monotonic() - start_s)


def copy_of_product(folder: Path) -> Path:
    for name in COPIED:
        ignore = shutil.ignore_patterns("__pycache__", "build")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def faults_of(root: Path, *asked: str) -> list[str]:
    """What oracles find, in a process that knows nothing of our own copy."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.noninterference.verdict", *asked],
        cwd=root,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [*map(json.loads, done.stdout.splitlines())]


def tried_in_pages(leaks: list[Leak]) -> Iterator[Verdict]:
    """All in one browser, for only a file of the page is another one. What has no leak comes first:
    visits that differ by themselves would catch anything."""
    if not leaks:
        return
    with tempfile.TemporaryDirectory(prefix="neartalk-leak-") as folder, page_verdicts() as pages:
        if fault := answered(pages, {}):
            raise RuntimeError(f"visits differ without a leak: {fault}")
        for leak in leaks:
            start_s = time.monotonic()
            file = Path(folder) / leak.path
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / leak.path, file)
            leak.plant(Path(folder))
            found = answered(pages, {f"/{leak.path}": str(file)})
            yield Verdict(leak, found, time.monotonic() - start_s)


@contextmanager
def page_verdicts() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.noninterference.page_verdict"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "neartalk.settings", "DEBUG": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def answered(pages: subprocess.Popen[str], planted: dict[str, str]) -> str:
    assert pages.stdin
    assert pages.stdout
    pages.stdin.write(f"{json.dumps(planted)}\n")
    pages.stdin.flush()
    found: str = json.loads(pages.stdout.readline())
    return found


if __name__ == "__main__":
    sys.exit(main())
