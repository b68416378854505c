"""Which tests run which line: one run of the suite under coverage, kept for later.

Tests of browsers, proxies and benches are left out: they take long, and say little of one line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

APPS = "neartalk,presence,chat,voice"
LEFT_OUT = ("browser", "deploy", "bench")
FAILED = "failed"
SETTINGS = """[run]
source = {apps}
data_file = {data}
parallel = true
concurrency = thread,greenlet
context = ${{COVERAGE_CONTEXT-import}}
"""


@dataclass(frozen=True)
class ReachingTests:
    """`widths` says how many lines each test runs: who runs few says most about each. `gone` are
    tests that fail as they are, or are no more."""

    data: CoverageData
    widths: Counter[str]
    root: Path
    gone: set[str] = field(default_factory=set)

    def forget_all_but(self, tests: set[str]) -> None:
        """Tests that are no more: pytest would fail to find them."""
        files = {test.split("::")[0] for test in tests}
        self.gone.update(name for name in self.widths if name not in tests | files)

    def of(self, module: str, line: int) -> list[str]:
        """Tests whose own process runs the line, those that run the fewest lines first."""
        return [name for name in self._noted(module, line) if "::" in name]

    def files_of(self, module: str, line: int) -> list[str]:
        """Test files whose servers run the line, in the same order."""
        return [name for name in self._noted(module, line) if "::" not in name]

    def _noted(self, module: str, line: int) -> list[str]:
        lines = self.data.contexts_by_lineno(str(self.root / module))
        # Of an expression over several lines not each is noted.
        contexts = next((lines[one] for one in range(line, 0, -1) if one in lines), [])
        names = {name for context in contexts for name in context.split("|")} - self.gone
        found = (name for name in names if name.startswith("tests/"))
        return sorted(found, key=lambda name: (self.widths[name], name))


def measured(root: Path, folder: Path) -> None:
    """Runs the tests of `root`; what coverage wrote stands in `folder` afterwards, and which tests
    failed: they would catch everything.

    Raises CalledProcessError where the suite did not run.
    """
    folder.mkdir(parents=True)
    settings = folder / "coveragerc"
    settings.write_text(SETTINGS.format(apps=APPS, data=folder / "data"))
    env = {
        **os.environ,
        "COVERAGE_PROCESS_START": str(settings),
        "FAILED_TESTS": str(folder / FAILED),
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-m", "pytest", "-n", "4", "--dist", "worksteal"]
    plugins = ["-p", "bench.line_contexts", "-p", "bench.failed_tests", "--timeout", "900"]
    left_out = [f"--ignore=tests/{folder}" for folder in LEFT_OUT]
    run = subprocess.run([*command, *plugins, *left_out], cwd=root, env=env, check=False)
    if run.returncode > pytest.ExitCode.TESTS_FAILED:
        run.check_returncode()
    whole = Coverage(config_file=str(settings))
    whole.combine([str(folder)])
    whole.save()


def reaching_tests(root: Path, folder: Path) -> ReachingTests:
    """What `measured` found of the checkout in `root`."""
    [path] = [*folder.glob("data")] or sorted(folder.glob("data.*"))
    data = CoverageData(str(path))
    data.read()
    widths: Counter[str] = Counter()
    for module in data.measured_files():
        for contexts in data.contexts_by_lineno(module).values():
            widths.update(name for context in contexts for name in context.split("|"))
    failed = folder / FAILED
    gone = set(failed.read_text().splitlines()) if failed.exists() else set()
    return ReachingTests(data, widths, root, gone)
