"""Fixtures of the tests of voice."""

from __future__ import annotations

import pytest

from neartalk.background import Background
from tests.support.processes import never


@pytest.fixture
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test calls each round of a hub when it wants it."""
    monkeypatch.setattr(Background, "_round", never)
