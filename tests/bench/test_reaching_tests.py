"""Which tests a mutation run takes for a line: those that ran it, by themselves or by servers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from coverage import CoverageData

from bench.reaching_tests import ReachingTests

if TYPE_CHECKING:
    from pathlib import Path

WIDE, NARROW, GONE = (f"tests/chat/test_a.py::test_{name}" for name in ("wide", "narrow", "gone"))
SERVED, SERVED_TOO = "tests/chat/test_b.py", "tests/chat/test_c.py"
RAN = {
    WIDE: [1, 2, 3, 5],
    NARROW: [2],
    GONE: [2],
    SERVED: [1, 2, 3],
    SERVED_TOO: [2],
    "import": [1, 2],
}


def reaching(root: Path) -> ReachingTests:
    data = CoverageData(no_disk=True)
    for context, lines in RAN.items():
        data.set_context(context)
        data.add_lines({str(root / "chat/x.py"): lines})
    widths = Counter({context: len(lines) for context, lines in RAN.items()})
    return ReachingTests(data, widths, root)


def test_those_who_run_the_fewest_lines_come_first_and_what_is_gone_is_left_out(
    tmp_path: Path,
) -> None:
    found = reaching(tmp_path)
    found.forget_all_but({WIDE, NARROW, f"{SERVED}::test_one", f"{SERVED_TOO}::test_one"})
    assert found.of("chat/x.py", 2) == [NARROW, WIDE]
    assert found.files_of("chat/x.py", 2) == [SERVED_TOO, SERVED]


def test_a_line_that_is_not_noted_counts_as_the_one_before(tmp_path: Path) -> None:
    found = reaching(tmp_path)
    assert (found.of("chat/x.py", 4), found.files_of("chat/x.py", 4)) == ([WIDE], [SERVED])
    assert found.of("chat/y.py", 4) == found.files_of("chat/y.py", 4) == []
