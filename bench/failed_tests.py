"""A pytest plugin: notes the tests that fail in the file that FAILED_TESTS names, a line each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ["FAILED_TESTS"]).open("a") as failed:
            failed.write(f"{report.nodeid}\n")
