"""What processes told each other is read from their metrics."""

from __future__ import annotations

from bench.processes import hints_in


def test_hints_of_others_are_counted_whatever_their_kind() -> None:
    page = """# TYPE neartalk_hints counter
neartalk_hints_total{fate="sent",kind="tile"} 7.0
neartalk_hints_total{fate="received",kind="tile"} 5.0
neartalk_hints_total{fate="received",kind="voice"} 2.0
"""
    assert hints_in(page) == 7.0
