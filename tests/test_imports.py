"""Imports run one way: voice -> chat -> presence -> neartalk. Three modules alone look up."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ROOT = Path(__file__).parent.parent
APPS = ("neartalk", "presence", "chat", "voice")  # each may import those before it
PAGE = ROOT / "docs/developers.md"
LOOK_UP = {"neartalk/settings.py", "neartalk/urls.py", "neartalk/asgi.py"}


def imported(source: str, package: str) -> Iterator[str]:
    """Every module named in an import of a source, relative ones resolved, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -node.level + 1 or None] if node.level else []
            base = ".".join((*above, *filter(None, (node.module,))))
            yield base
            yield from (f"{base}.{name.name}" for name in node.names)


def upward(app: str, source: str, package: str = "") -> set[str]:
    """The apps above this one that a source of it imports."""
    above = APPS[APPS.index(app) + 1 :]
    found = {name.partition(".")[0] for name in imported(source, package or app)}
    return found & {*above, "tests", "bench"}


def modules(app: str) -> Iterator[Path]:
    yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize("app", APPS)
def test_no_app_imports_one_above_it(app: str) -> None:
    found = {
        name: above
        for path in modules(app)
        if (name := path.relative_to(ROOT).as_posix()) not in LOOK_UP
        if (above := upward(app, path.read_text(), ".".join(path.relative_to(ROOT).parts[:-1])))
    }
    assert found == {}


def test_every_app_and_every_exception_exists() -> None:
    assert all([*modules(app)] for app in APPS)
    assert all((ROOT / name).exists() for name in LOOK_UP)


# ---- The diagrams ----------------------------------------------------------------------------


def imports() -> set[tuple[str, str]]:
    """Every module of ours with every one of ours that it imports."""
    names = {name_of(path): path for app in APPS for path in modules(app)}
    return {
        (name, found)
        for name, path in names.items()
        for found in imported(path.read_text(), name.rpartition(".")[0])
        if found in names and found != name
    }


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def diagrams() -> list[tuple[set[str], set[tuple[str, str]]]]:
    """The nodes and arrows of each diagram of the page."""
    found = re.findall(r"^```mermaid\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [
        (
            set(re.findall(r"^ {8}([a-z_.]+)$", text, re.MULTILINE)),
            set(re.findall(r"^    ([a-z_.]+) --> ([a-z_.]+)$", text, re.MULTILINE)),
        )
        for text in found
    ]


def direct(edges: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those for which there is no longer way along others."""
    below: dict[str, set[str]] = {}

    def reached(node: str) -> set[str]:
        if node not in below:
            nexts = {to for one, to in edges if one == node}
            below[node] = nexts.union(*map(reached, nexts))
        return below[node]

    return {
        (one, to)
        for one, to in edges
        if not any(to in reached(step) for from_, step in edges if from_ == one and step != to)
    }


def arrows(edges: Collection[tuple[str, str]]) -> str:
    return "\n".join(f"    {one} --> {to}" for one, to in sorted(edges))


def test_the_diagram_of_the_apps_is_that_of_the_imports() -> None:
    def part(name: str) -> str:
        return name if name == "neartalk.asgi" else name.partition(".")[0]

    real = {(part(one), part(to)) for one, to in imports()}
    real = direct({(one, to) for one, to in real if one != to})
    _, drawn = diagrams()[0]
    assert drawn == real, arrows(real)


def test_the_diagram_of_the_main_modules_is_that_of_their_imports() -> None:
    nodes, drawn = diagrams()[1]
    assert [node for node in nodes if not (ROOT / f"{node.replace('.', '/')}.py").exists()] == []
    real = direct({(one, to) for one, to in imports() if {one, to} <= nodes})
    assert drawn == real, arrows(real)


# ---- How they are found ----------------------------------------------------------------------


def test_an_import_is_found_wherever_it_stands() -> None:
    assert upward("neartalk", "import chat.feed as f") == {"chat"}
    assert upward("presence", "from chat import feed") == {"chat"}
    assert upward("presence", "def f():\n    from voice.mesh import peers") == {"voice"}
    assert upward("presence", "if TYPE_CHECKING:\n    import chat") == {"chat"}
    assert upward("chat", "from tests.client import person") == {"tests"}
    assert upward("chat", "from presence.hub import hub\nimport neartalk.codes") == set()
    assert [*imported("from ..chat import feed", "neartalk.management")] == [
        *("neartalk.chat", "neartalk.chat.feed"),
    ]
    assert [*imported("from . import feed", "chat")] == ["chat", "chat.feed"]
