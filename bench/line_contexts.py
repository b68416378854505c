"""A pytest plugin: coverage notes which test runs each line, here and in servers that tests start.

A server may serve several tests of a file, so what it runs is noted under the file's name. Tests
that fail are noted in the file that FAILED_TESTS names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measuring = Coverage.current()
    if measuring is None:
        raise pytest.UsageError("coverage did not start in this process")
    measuring.switch_context(item.nodeid)
    os.environ["COVERAGE_CONTEXT"] = item.nodeid.split("::")[0]
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ["FAILED_TESTS"]).open("a") as failed:
            failed.write(f"{report.nodeid}\n")
