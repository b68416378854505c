"""A pytest plugin: coverage notes which test runs each line, here and in servers that tests start.

A server may serve several tests of a file, so what it runs is noted under the file's name.
"""

from __future__ import annotations

import os
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
