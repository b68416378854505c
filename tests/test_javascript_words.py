"""Names in static/js: no function, method, export or module is one of the verbs that were retired.

Each of those verbs had many meanings, so that a name had to be looked up. Instead: add and remove,
apply, announce, broadcast, enqueue, load, publish, render, save, send, set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

JS = ROOT / "static/js"
RETIRED = re.compile(
    r"(?:take|tell|told|look|say|hear|see|bear|become|part|ride|mend|wear)(?![a-z])"
)
NO_NAMES = {"if", "for", "while", "switch", "catch", "return", "function", "super"}
# Comments and strings, but for the quoted keys of objects.
BESIDE = re.compile(
    r"('(?:\\.|[^'\\\n])*'(?=:))|//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`",
    re.DOTALL,
)
IN_PARENTHESES = r"\((?:[^()]|\([^()]*\))*\)"
PARAMETERS = rf"(?:\w+|{IN_PARENTHESES})"
NAMED = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"\bfunction\s*\*?\s*(\w+)",
        r"\bexport\s+(?:const|let|var|class)\s+(\w+)",
        r"\bexport\s*\{([^}]*)\}",
        r"\b(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?" + PARAMETERS + r"\s*=>",
        r"([\w'-]+)\s*:\s*(?:async\s*)?" + PARAMETERS + r"\s*=>",
        r"([\w'-]+)\s*:\s*(?:async\s+)?function\b",
        r"^\s*(?:(?:static|async|get|set)\s+)*\*?#?(\w+)\s*" + IN_PARENTHESES + r"\s*\{",
    )
]


def modules() -> list[Path]:
    return sorted(JS.rglob("*.js"))


def names(source: str) -> set[str]:
    """What a module exports, its functions, its methods, and properties that hold a function."""
    code = BESIDE.sub(r"\1", source)
    found = " ".join(name for pattern in NAMED for name in pattern.findall(code))
    return {*re.findall(r"[\w-]+", found.replace(" as ", " "))} - NO_NAMES


def retired(source: str) -> set[str]:
    return {name for name in names(source) if RETIRED.match(name)}


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(JS).as_posix())
def test_no_name_is_a_retired_verb(module: Path) -> None:
    assert retired(f"function {module.stem}() {{}}\n{module.read_text()}") == set()


def test_names_of_every_kind_are_found() -> None:
    found = set().union(*(names(module.read_text()) for module in modules()))
    assert len(found) > 300
    assert {"publish", "Mesh", "display", "delayMs", "sendDescription", "state"} <= found
    assert {"accept", "block-now", "pageshow"} & found == {"accept", "block-now"}


@pytest.mark.parametrize(
    "source",
    [
        "export function tell(sentence) {}",
        "async function takeBack({ id, why = () => {} } = {}) {}",
        "export const look = 3;",
        "const x = 1;\nexport { x as told };",
        "const hear = async (frame) => frame;",
        "let say = (a, b = f(1)) =>\n  a;",
        "class Peer {\n  async become(state, { anew = false } = {}) {\n  }\n}",
        "class Peer {\n  get part() {\n  }\n}",
        "const ACTS = { seeAll: (id) => id };",
        "const ACTS = { 'mend-it': id => id };",
        "const ACTS = {\n  ride() {\n  },\n};",
        "const ACTS = { wearOut: function () {} };",
    ],
)
def test_a_retired_verb_is_found_wherever_a_function_can_stand(source: str) -> None:
    assert len(retired(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "// function tell() {}",
        "/* export const look = 1; */",
        "function partner() {}\nfunction seek() {}\nfunction takenBy() {}",
        "const words = 'function say() {}';",
        "if (told) {\n}",
    ],
)
def test_other_words_and_comments_are_left_alone(source: str) -> None:
    assert retired(source) == set()
