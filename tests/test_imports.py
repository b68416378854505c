"""Imports run one way: between the apps (voice -> chat -> presence -> neartalk; three modules alone
look up), and between the packages of each app, which are entered by their front door alone."""

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


# ---- Packages --------------------------------------------------------------------------------


def packages() -> set[str]:
    """Every package of an app but those that Django itself goes through."""
    found = {path.parent for app in APPS for path in modules(app) if path.name == "__init__.py"}
    names = {".".join(path.relative_to(ROOT).parts) for path in found}
    return {name for name in names - {*APPS} if not {"management", "formats"} & {*name.split(".")}}


def room(module: str) -> str:
    """The package that a module of an app stands in, or the module itself at the app's root."""
    return ".".join(module.split(".")[:2])


def reached_past(source: str, module: str, rooms: Collection[str]) -> set[str]:
    """What a module imports from inside packages that it does not stand in."""
    found = {name for name in imported(source, module.rpartition(".")[0]) if room(name) in rooms}
    inside = {name for name in found if (ROOT / name.replace(".", "/")).with_suffix(".py").exists()}
    past = {name for name in inside if name.count(".") > 1 and room(name) != room(module)}
    return past - {f"{room(name)}.{shown}" for name in past for shown in names_of(room(name))}


def names_of(package: str) -> list[str]:
    """What a package says that others may import; a module of it may be among that."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text())
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return list(ast.literal_eval(value))
    return []


def test_a_package_is_entered_by_its_init_alone() -> None:
    rooms = packages()
    found = {
        name: past
        for app in APPS
        for path in modules(app)
        if (name := path.relative_to(ROOT).as_posix()) not in LOOK_UP
        if (past := reached_past(path.read_text(), name_of(path), rooms))
    }
    assert found == {}


def test_every_init_says_what_its_package_is_for_in_three_lines() -> None:
    for name in packages():
        text = (ROOT / name.replace(".", "/") / "__init__.py").read_text()
        says = ast.get_docstring(ast.parse(text))
        assert says, name
        assert len(says.splitlines()) <= 3, name


@pytest.mark.parametrize("app", APPS)
def test_the_packages_of_an_app_import_one_way(app: str) -> None:
    edges = {
        (room(one), room(to))
        for one, to in imports()
        if {app} == {one.split(".")[0], to.split(".")[0]}
    }
    edges = {(one, to) for one, to in edges if one != to and app not in {one, to}}
    assert circles(edges) == set()


def circles(edges: Collection[tuple[str, str]]) -> set[str]:
    """The nodes from which a way along the edges leads back to themselves."""
    left = {*edges}
    while ends := {one for edge in left for one in edge} - {one for one, _ in left}:
        left = {(one, to) for one, to in left if to not in ends}
    return {one for one, _ in left}


# ---- The diagrams ----------------------------------------------------------------------------


def imports() -> set[tuple[str, str]]:
    """Every module of ours with every one of ours that it imports."""
    names = {name_of(path): path for app in APPS for path in modules(app)}
    return {
        (name, found)
        for name, path in names.items()
        for found in imported(path.read_text(), base_of(path))
        if found in names and found != name
    }


def base_of(path: Path) -> str:
    """The package that relative imports of a file start from."""
    return ".".join(path.relative_to(ROOT).parts[:-1])


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
    def app_of(name: str) -> str:
        return name if name == "neartalk.asgi" else name.partition(".")[0]

    real = {(app_of(one), app_of(to)) for one, to in imports()}
    real = direct({(one, to) for one, to in real if one != to})
    _, drawn = diagrams()[0]
    assert drawn == real, arrows(real)


def test_the_diagram_of_the_packages_is_that_of_their_imports() -> None:
    nodes, drawn = diagrams()[1]
    known = {room(name_of(path)) for app in APPS for path in modules(app)}
    assert nodes - known == set()
    assert {name for name in packages() if name.count(".") == 1} - nodes == set()
    edges = {(room(one), room(to)) for one, to in imports()}
    real = direct({(one, to) for one, to in edges if {one, to} <= nodes and one != to})
    assert drawn == real, arrows(real)


# ---- How they are found ----------------------------------------------------------------------


def test_what_reaches_past_an_init_is_found() -> None:
    rooms = {"presence.hub", "presence.delivery"}
    past = "from presence.hub.leases import Leases\nfrom presence.delivery import Socket"
    assert reached_past(past, "chat.feed.feed", rooms) == {"presence.hub.leases"}
    assert reached_past(past, "presence.hub.hub", rooms) == set()


def test_a_circle_is_found() -> None:
    assert circles({("a", "b"), ("b", "c"), ("a", "c")}) == set()
    assert circles({("a", "b"), ("b", "c"), ("c", "b")}) >= {"b", "c"}


def test_an_import_is_found_wherever_it_stands() -> None:
    assert upward("neartalk", "import chat.feed as f") == {"chat"}
    assert upward("presence", "from chat import feed") == {"chat"}
    assert upward("presence", "def f():\n    from voice.mesh import peers") == {"voice"}
    assert upward("presence", "if TYPE_CHECKING:\n    import chat") == {"chat"}
    assert upward("chat", "from tests.support.client import person") == {"tests"}
    assert upward("chat", "from presence.hub import hub\nimport neartalk.codes") == set()
    assert [*imported("from ..chat import feed", "neartalk.management")] == [
        *("neartalk.chat", "neartalk.chat.feed"),
    ]
    assert [*imported("from . import feed", "chat")] == ["chat", "chat.feed"]
