"""Names: no retired verb, no class name twice, no geohash cut by hand, and a short glossary."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
APPS = ("neartalk", "presence", "chat", "voice")
EVERYWHERE = (*APPS, "tests", "bench")
# Private English: each of them had up to 15 meanings. Field verbs stand in their place.
RETIRED_VERBS = {
    "bear",
    "become",
    "hear",
    "look",
    "mend",
    "part",
    "ride",
    "say",
    "see",
    "take",
    "tell",
    "told",
    "wear",
}
GLOSSARY = ROOT / "docs/architecture.md"
GEOHASH = {"cell", "tile", "geohash", "district"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module below these folders, by its path, but migrations and what `make bench` built."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"migrations", "build"} & {*path.parts}:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def retired(name: str) -> bool:
    """Whether a function of this name does what a retired verb says."""
    return name.strip("_").split("_")[0] in RETIRED_VERBS


def slices_of_geohashes(tree: ast.AST) -> list[int]:
    """The lines on which a geohash is cut by hand."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            words = {*re.findall(r"[a-z]+", ast.unparse(node.value).lower())}
            fixed = isinstance(node.slice.upper, ast.Constant) and node.slice.lower is None
            if fixed and GEOHASH & {word.removesuffix("s") for word in words}:
                found.append(node.lineno)
        elif isinstance(node, ast.JoinedStr) and len(node.values) == 2:
            before, after = map(ast.unparse, node.values)
            if "tile" in before and re.fullmatch(r"'[0-9a-z]'", after):
                found.append(node.lineno)
    return found


# ---- The project -----------------------------------------------------------------------------


def test_a_class_has_its_name_alone() -> None:
    where: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in sources(*EVERYWHERE):
        for node in ast.walk(tree):
            # Django reads its own from each command and each form or model.
            if isinstance(node, ast.ClassDef) and node.name not in {"Command", "Meta"}:
                where[node.name].append(path)
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("folder", EVERYWHERE)
def test_no_function_is_called_by_a_retired_verb(folder: str) -> None:
    found = {
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources(folder)
        for node in ast.walk(tree)
        if isinstance(node, Definition) and retired(node.name)
    }
    assert found == set()


@pytest.mark.parametrize("app", APPS)
def test_a_geohash_is_cut_in_geo_alone(app: str) -> None:
    found = {
        path: lines
        for path, tree in sources(app)
        if path != "presence/geo/cells.py" and (lines := slices_of_geohashes(tree))
    }
    assert found == {}


def glossary() -> dict[str, str]:
    """The words that only this project has, with their meanings."""
    text = GLOSSARY.read_text().partition("## Glossary\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \|$", text, re.MULTILINE)
    return {word: meaning for word, meaning in rows if word != "word"}


def called(node: ast.AST) -> str:
    """The name that a definition, an argument or a variable bears."""
    found = (getattr(node, field, None) for field in ("name", "arg", "id"))
    return next(filter(None, found), "")


def test_the_glossary_has_a_dozen_words_at_most_and_each_is_used() -> None:
    words = glossary()
    assert 0 < len(words) <= 12
    names = {
        part
        for _, tree in sources(*APPS)
        for node in ast.walk(tree)
        if isinstance(node, Definition | ast.ClassDef | ast.arg | ast.Name)
        for part in re.findall(
            r"[a-z]+|[A-Z][a-z]+",
            getattr(node, "name", getattr(node, "arg", getattr(node, "id", ""))),
        )
    }
    known = {name.lower().removesuffix("s") for name in names}
    assert {word for word in words if word.removesuffix("s") not in known} == set()


# ---- How they are found ----------------------------------------------------------------------


def test_a_retired_verb_is_found_wherever_it_leads() -> None:
    assert all(map(retired, ("take", "_take_over", "tell", "look_soon", "wear_out")))
    assert not any(map(retired, ("taken_at", "hearing", "outlook", "broadcast", "partial_of")))


def test_a_cut_geohash_is_found() -> None:
    assert slices_of_geohashes(ast.parse("tile_of(place.cell)[:5]")) == [1]
    assert slices_of_geohashes(ast.parse("cell[:6]")) == [1]
    assert slices_of_geohashes(ast.parse("f'{left.tile}s'")) == [1]
    assert slices_of_geohashes(ast.parse("rank[:room], shown[:50], key[1:]")) == []
