"""docs/architecture.md names the modules and the words that stand in the code."""

from __future__ import annotations

import re

from tests.support.docs import APPS, modules, prose, read, spans
from tests.support.servers import ROOT


def test_every_module_stands_in_the_tree_of_the_architecture_and_no_other() -> None:
    tree = read(ROOT / "docs/architecture.md").split("```")[1]
    told: set[str] = set()
    app = room = ""
    for line in tree.splitlines():
        names = line.strip().split("  ")[0]
        if line and not line.startswith(" "):
            app, room = names, ""
        elif names.endswith("/"):
            room = names
        elif line:
            room = room if line.startswith("    ") else ""
            told |= {f"{app}{room}{name}" for name in names.split(", ")}
    present = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in modules()
        if path.stem != "__init__" and path.parent.name != "migrations"
    }
    assert {name for name in told if name.startswith(APPS)} == present


def test_every_name_in_the_architecture_stands_in_the_code() -> None:
    files = [
        *modules(),
        *(ROOT / "bench").glob("*.py"),
        *(ROOT / "static/js").rglob("*.js"),
        *(ROOT / "chat/history/lua").glob("*.lua"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    known = {word for path in files for word in re.findall(r"\w+", f"{path} {read(path)}")}
    named = re.findall(r"[A-Za-z_]\w+", " ".join(spans(prose("docs/architecture.md"))))
    assert sorted({*named} - known) == []
