"""Imports run one way: voice -> chat -> presence -> neartalk. Three modules alone look up."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
APPS = ("neartalk", "presence", "chat", "voice")  # each may import those before it
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
