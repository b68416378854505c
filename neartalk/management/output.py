"""What the operator's commands share: rows as a table on a terminal, or as JSON for programs.

A command calls `add_json` for its parser and writes `shown(rows, as_json=...)`.
"""

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

# Heads of columns to values: text, numbers, booleans, times, or None where there is nothing.
Row = Mapping[str, Any]


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same as JSON, for programs")


def shown(rows: Sequence[Row], *, as_json: bool, none: str = "None.") -> str:
    """Rows that all have the same columns; `none` is what a terminal says where there are none."""
    if as_json:
        return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    return table(rows) if rows else none


def table(rows: Sequence[Row]) -> str:
    """A line a row under the heads of the columns; numbers stand to the right."""
    heads = [*rows[0]]
    lines = [
        [head.replace("_", " ") for head in heads],
        *([cell(row[head]) for head in heads] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [all(is_number(row[head]) for row in rows) for head in heads]
    return "\n".join(
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def cell(value: Any) -> str:
    """A value on one line. What could move a terminal's cursor is left out: people wrote it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def lines(figures: Mapping[str, Any]) -> str:
    """A line a figure; several under one head share its line."""
    heads = {name: name.replace("_ms", ", ms").replace("_", " ") for name in figures}
    width = max(map(len, heads.values()))
    return "\n".join(
        f"{heads[name].ljust(width)}  {', '.join(parts(value)) or 'none'}"
        for name, value in figures.items()
    )


def parts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name} {figure:,}" for name, figure in value.items()]
    return [f"{value:,}"]
