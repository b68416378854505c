"""The pages of the docs, what stands in their tables, and the code that they are compared with."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS = ("neartalk", "presence", "chat", "voice")
# Where the tables stand that say what the code does.
TABLES = ("docs/operators.md", "docs/clients.md", "docs/promises.md")


# ---- The docs ------------------------------------------------------------------------------------


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def pages() -> tuple[str, ...]:
    """Every page that a reader may come to, by its path."""
    folders = ("", "docs", "docs/screens", "deploy/*", "bench")
    return tuple(
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in sorted(ROOT.glob(f"{folder}/*.md".lstrip("/")))
    )


def section(heading: str) -> str:
    """The text under a heading of any page or behind bold words, until the next of either."""
    head = re.escape(heading)
    sought = re.compile(rf"^{head}(?!,).*?(?=^#+ |^\*\*[A-Z]|\Z)", re.DOTALL | re.MULTILINE)
    found = [match for name in TABLES for match in sought.findall(page(name))]
    assert len(found) == 1, f"{len(found)} sections {heading} in {', '.join(TABLES)}"
    return str(found[0])


def rows(heading: str) -> list[list[str]]:
    """The cells of every table in a section."""
    return cells_of(section(heading))


def cells_of(text: str) -> list[list[str]]:
    """The cells of every table, less heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {at for at, line in enumerate(lines) if re.fullmatch(r"[-:| ]+", line)}
    frame = rules | {at - 1 for at in rules}
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for at, line in enumerate(lines)
        if at not in frame
    ]


def spans(text: str) -> list[str]:
    """What stands between backticks on one line."""
    return re.findall(r"`([^`\n]+)`", text)


@cache
def prose(name: str) -> str:
    """A page less what stands between fences."""
    return re.sub(r"^```.*?^```", "", page(name), flags=re.DOTALL | re.MULTILINE)


# ---- The code ------------------------------------------------------------------------------------


def modules() -> Iterator[Path]:
    for app in APPS:
        yield from (ROOT / app).rglob("*.py")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a module, with the last name of what is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def read(path: Path) -> str:
    return path.read_text()
