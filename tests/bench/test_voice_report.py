"""VOICE.md says what was read, and leaves RESULTS.md alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.browsers import Sample, loudness, spent
from bench.case_size import CaseSize
from bench.cases import CASES
from bench.compare import write
from bench.measurements import Measurement, Measurements
from bench.voice_report import CASES as VOICE
from bench.voice_report import (
    DOORS_COLUMNS,
    JOIN_COLUMNS,
    MESH_COLUMNS,
    PHONE_COLUMNS,
    voice_results,
)
from tests.bench.test_report import RUN, talk

if TYPE_CHECKING:
    from pathlib import Path

EACH = MESH_COLUMNS, MESH_COLUMNS, PHONE_COLUMNS, JOIN_COLUMNS, DOORS_COLUMNS
COLUMNS = dict(zip(VOICE, EACH, strict=True))


def measurement(case: str, size: int, turn: int = 0, **figures: float) -> Measurement:
    names = [name for _, names, _ in COLUMNS[case] for name in names]
    return Measurement(case, "neartalk", size, 0, {**dict.fromkeys(names, 0.5), **figures}, turn)


READINGS = Measurements(
    [
        *(measurement("voice-mesh", 4, turn, mb=mb) for turn, mb in enumerate((190, 210, 200))),
        measurement("voice-desktop", 7, speaking_up_kbit=462.0),
        measurement("voice-phone", 16, speaking_up_kbit=1056.4, muted_up_kbit=84.2),
        measurement("voice-join", 8, sent=51, sent_kb=18.0, around=8),
        measurement("voice-join", 208, sent=50, sent_kb=17.02, around=8),
        measurement("voice-doors", 200, live=7.9, most=8, server_ms=61.2),
    ]
)


@pytest.mark.parametrize(
    ("first", "cell"),
    [
        ("| 4 |", "| 200 MB, the page 0 MB |"),
        ("| 8 |", "| 462 kbit/s, muted 0 |"),
        ("| 16 |", "| 1056 kbit/s, muted 84 |"),
        ("| NearTalk, 0 callers elsewhere |", "| 51 frames, 18.0 KB |"),
        ("| NearTalk, 200 callers elsewhere |", "| 50 frames, 17.0 KB |"),
        ("## Somebody joins 8 who speak with each other", ""),
        ("| NearTalk, 200 people |", "| 7.9, 8 at most |"),
        ("| NearTalk, 200 people |", "| 61 ms |"),
        ("| machine |", "| a processor, 2 cores |"),
        ("| voice-mesh | neartalk | 4 | 0 |", "mb 190 210 200;"),
    ],
)
def test_a_figure_stands_in_its_table(first: str, cell: str) -> None:
    [line] = [line for line in lines_of(READINGS) if line.startswith(first)]
    assert cell in line


def test_what_was_not_read_is_a_dash() -> None:
    found = Measurements([Measurement("voice-mesh", "neartalk", 2, 0, {"mb": 180, "page_mb": 80})])
    [line] = [line for line in lines_of(found) if line.startswith("| 2 |")]
    assert line == "| 2 | - | - | - | 180 MB, the page 80 MB | - | - | - | - |"


def test_a_run_of_voice_alone_writes_no_other_page(tmp_path: Path) -> None:
    write(tmp_path, RUN, READINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["VOICE.md"]


def test_the_seconds_of_voice_are_told_and_not_those_of_the_chat(tmp_path: Path) -> None:
    write(tmp_path, replace(RUN, seconds=6, voice_s=10), READINGS)
    assert "taken over 10 s" in (tmp_path / "VOICE.md").read_text()


def test_a_run_without_voice_writes_no_page_of_it(tmp_path: Path) -> None:
    write(tmp_path, RUN, Measurements([talk("neartalk", 10, 8.0)]))
    assert {path.name for path in tmp_path.iterdir()} == {"RESULTS.md", "latency.svg"}


def test_more_connections_are_tried_than_anybody_may_have() -> None:
    assert {*VOICE} <= CASES.keys()
    assert max(CaseSize().phones) > 8


def test_what_was_spent_is_told_by_the_second_and_the_call() -> None:
    page = dict.fromkeys(("samples", "concealed", "waited_s", "emitted", "underrun_s"), 0.0)
    page |= {"up": 0.0, "down": 0.0, "long_tasks": 0.0, "long_ms": 0.0}
    before = Sample(100.0, {"page": 1.0, "audio": 2.0}, 5.0, page)
    more = {"up": 20_000.0, "samples": 1000.0, "concealed": 10.0, "waited_s": 40, "emitted": 1000}
    after = Sample(110.0, {"page": 2.0, "audio": 2.5, "network": 0.5}, 6.0, page | more)
    found = spent(before, after, calls=2)
    assert found["cpu"] == pytest.approx(0.2)
    assert (found["cpu_page"], found["cpu_browser"]) == pytest.approx((0.1, 0))
    assert found["main"] == pytest.approx(0.1)
    assert (found["up_kbit"], found["each_kbit"]) == pytest.approx((16, 8))
    assert (found["concealed"], found["buffer_ms"]) == pytest.approx((0.01, 40))


def test_the_voice_never_pauses_and_never_clips() -> None:
    second = [loudness(at) for at in range(48_000)]
    tenths = [second[at : at + 4_800] for at in range(0, 48_000, 4_800)]
    assert all(max(map(abs, tenth)) > 3_000 for tenth in tenths)
    assert max(map(abs, second)) < 2**15


def lines_of(measurements: Measurements) -> list[str]:
    return voice_results(RUN, measurements).splitlines()
