"""Pages of languages that are read from right to left: style sheets speak of the start and the end
of a line, never of left and right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SHEETS = {path.stem: path.read_text() for path in (ROOT / "static/css").glob("*.css")}
MIRRORED = '[dir="rtl"] '
# What names a side of the screen.
SIDED = re.compile(
    r"(?:scroll-)?(?:margin|padding|border)-(?:left|right)(?:-\w+)?|left|right"
    r"|border-(?:top|bottom)-(?:left|right)-radius"
)
SIDES = re.compile(r"\b(?:left|right)\b")
# Four sides, of which the second is the right one and the fourth the left one.
ROUND = re.compile(r"(?:scroll-)?(?:margin|padding)|inset|border-(?:width|color|style)")
# Moved or measured along the line: mirrored by what --onward is, or by a rule of its own.
ALONG = re.compile(r"translate|transform|background(?:-position(?:-x)?)?|mask(?:-image)?")
SHIFTED = re.compile(r"translate(?:X|3d)?\((?!0[,)])|(?<![\w.-])(?:0|100%) 50%")
# The sides of a screen are where its notches are, and a chevron that points down has none.
REASONED = re.compile(r"env\(safe-area-inset-(?:left|right)")
CHEVRONS = {("near", ".distance::after"), ("voice", ".voice-more > summary::after")}


def declarations(text: str) -> Iterator[tuple[str, str, str]]:
    """Each with the selector of its rule."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        for one in filter(str.strip, body.split(";")):
            name, _, value = one.partition(":")
            yield head.strip(), name.strip(), value.strip()


def parts_of(value: str) -> list[str]:
    """What spaces part, parentheses kept whole."""
    return re.findall(r"(?:[^\s()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+", value)


def is_sided(name: str, value: str) -> bool:
    if name.startswith("--") or REASONED.search(value):
        return False
    if SIDED.fullmatch(name) or (SIDES.search(value) and name != "animation"):
        return True
    parts = parts_of(value)
    if ROUND.fullmatch(name):
        return len(parts) == 4 and parts[1] != parts[3]
    if name == "border-radius":
        return "/" not in parts and len({*parts}) > 1
    if name == "translate":
        return parts[0] not in {"0", "none"} and "--onward" not in value
    return bool(ALONG.fullmatch(name) and SHIFTED.search(value))


def faults(sheet: str, text: str) -> list[str]:
    """Declarations that say a side, and have no other for whoever reads from the right."""
    found = [*declarations(text)]
    answered = {
        (head.removeprefix(MIRRORED), family(name))
        for head, name, _ in found
        if head.startswith(MIRRORED)
    }
    return [
        f"{sheet}: {head} {{ {name}: {value} }}"
        for head, name, value in found
        if is_sided(name, value)
        and not head.startswith(MIRRORED)
        and (head, family(name)) not in answered
        and (sheet, head) not in CHEVRONS
    ]


def family(name: str) -> str:
    return name.partition("-")[0]


@pytest.mark.parametrize("sheet", sorted(SHEETS))
def test_a_style_sheet_names_no_side(sheet: str) -> None:
    assert faults(sheet, SHEETS[sheet]) == []


@pytest.mark.parametrize(
    "said",
    [
        "left: 0",
        "margin-left: 1rem",
        "padding-right: var(--space-1)",
        "border-left: 1px solid",
        "border-top-left-radius: 1rem",
        "border-radius: 1rem 0 0 1rem",
        "text-align: left",
        "float: right",
        "padding: 0 1rem 0 max(1rem, var(--space-3))",
        "inset: 0 0 auto auto",
        "border-width: 0 1px 1px 0",
        "translate: -50% 0",
        "transform: translateX(-50%)",
        "background: linear-gradient(red 0 0) 0 50% / 2px 1rem no-repeat",
        "mask-image: linear-gradient(to right, #000, transparent)",
        "transform-origin: left",
    ],
)
def test_a_side_is_found_however_it_is_said(said: str) -> None:
    assert faults("any", f"@media print {{ .one {{ color: red; {said}; }} }}")
    assert not faults("any", f".one {{ {said}; }} {MIRRORED}.one {{ {said}; }}")


@pytest.mark.parametrize(
    "said",
    [
        "margin-inline-start: 1rem",
        "padding: 0 1rem 2rem",
        "padding: 0 1rem 2rem 1rem",
        "padding: 0 env(safe-area-inset-right) 0 env(safe-area-inset-left)",
        "inset: 0",
        "text-align: start",
        "translate: 0 -50%",
        "translate: calc(-50% * var(--onward)) 0",
        "transition: inset-inline-start var(--quick)",
        "animation: turn-right 1s",
    ],
)
def test_what_has_no_side_is_not_held_for_one(said: str) -> None:
    assert not faults("any", f".one {{ {said}; }}")
