"""What every command of the operator prints: a table for people, JSON for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from neartalk.management.output import render_rows

AT = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=2)))
ROWS = [
    {"name": "chat.send", "refused": 1234, "on": True, "until": AT, "note": None},
    {"name": "voice", "refused": 7, "on": False, "until": None, "note": "äh"},
]


def test_a_table_has_its_columns_below_each_other_and_numbers_to_the_right() -> None:
    assert render_rows(ROWS, as_json=False).splitlines() == [
        "name       refused  on   until             note",
        "chat.send    1,234  yes  2026-11-22 23:30",
        "voice            7  no                     äh",
    ]


def test_json_holds_the_same_rows_as_they_are() -> None:
    found = json.loads(render_rows(ROWS, as_json=True))
    assert [row | {"until": None} for row in found] == [row | {"until": None} for row in ROWS]
    assert datetime.fromisoformat(found[0]["until"]).astimezone(UTC) == AT


def test_nothing_is_a_sentence_or_an_empty_list() -> None:
    assert render_rows([], as_json=False, none="Nobody is banned.") == "Nobody is banned."
    assert json.loads(render_rows([], as_json=True)) == []


def test_what_somebody_wrote_cannot_command_the_terminal() -> None:
    written = render_rows([{"words": "a\x1b[2Jb\nc\u202ed"}], as_json=False)
    assert written.splitlines() == ["words", "a [2Jb c d"]
