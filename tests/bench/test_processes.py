"""What processes told each other is read from their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import generate_latest

from bench.processes import hints_in
from neartalk.metrics import registry
from presence import hints

if TYPE_CHECKING:
    import pytest


def test_hints_of_others_are_counted_whatever_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {("tile", "sent"): 7, ("tile", "received"): 5, ("voice", "received"): 2}
    monkeypatch.setattr(hints, "counted", told)
    assert hints_in(generate_latest(registry).decode()) == 7
