"""What the operator's commands share: rows as a table on a terminal, or as JSON for programs.

A command calls `add_json` for its parser and writes `render_rows(rows, as_json=...)`.
"""

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wider than any table: whoever pipes a table gets a line a row.
WIDTH_MAX = 10_000

# Heads of columns to values: text, numbers, booleans, times, or None where there is nothing.
Row = Mapping[str, Any]


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same as JSON, for programs")


def render_rows(rows: Sequence[Row], *, as_json: bool, none: str = "None.") -> str:
    """Rows that all have the same columns; `none` is what a terminal says where there are none."""
    if as_json:
        return json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    return printed(table_of(rows)) if rows else none


def table_of(rows: Sequence[Row]) -> Table:
    """The heads of the columns, and a line a row; numbers stand to the right."""
    table = Table(box=None, pad_edge=False, header_style="")
    for head in rows[0]:
        right = all(is_number(row[head]) for row in rows)
        table.add_column(head.replace("_", " "), justify="right" if right else "left")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row.values()))
    return table


def printed(table: Table) -> str:
    """A table as plain text, the same on a terminal and in a pipe: no colour, no line is folded."""
    out = StringIO()
    Console(file=out, width=WIDTH_MAX, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def cell(value: Any) -> str:
    """A value on one line. Control characters become spaces: people wrote them."""
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


def render_values(values: Mapping[str, Any]) -> str:
    """A line a value; several under one head share its line."""
    table = Table.grid(padding=(0, 2))
    for name, value in values.items():
        head = name.replace("_ms", ", ms").replace("_", " ")
        table.add_row(head, ", ".join(parts(value)) or "none")
    return printed(table)


def parts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name} {number:,}" for name, number in value.items()]
    return [f"{value:,}"]
