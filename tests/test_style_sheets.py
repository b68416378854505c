"""Rules stand where they are needed: each page links the style sheets that it needs, in the order
in which they build on each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.template.loader import render_to_string

from presence.views import figures
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = ROOT / "templates"
# The admin has Django's.
SHEETS = {path.stem: path for path in (ROOT / "static/css").glob("*.css")}.keys() - {"admin"}
FRONT = ["base", "front"]
NEAR = ["base", "near", "chat", "message", "people", "sheets", "voice"]
LONGEST = 350
# What pages count, in sentences that a plural form of a language depends on.
COUNTS = {**figures(), "radius": 500, "renames_left": 3, "renames_allowed": 3, "same_name": 1}


def text_of(template: str) -> str:
    """A template with all that it includes and extends, whatever the conditions."""
    text = re.sub(r"\{#.*?#\}", "", (TEMPLATES / template).read_text(), flags=re.DOTALL)
    above = "".join(map(text_of, re.findall(r"\{% extends \"(.*?)\"", text)))
    if "{% block body %}" in text:
        above = above.partition("{% block body %}")[0]
    return text + above + "".join(map(text_of, re.findall(r"\{% include \"(.*?)\"", text)))


def pages() -> Iterator[str]:
    """Every page of ours by its template."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        extends = re.match(r"\{% extends \"_(?:base|page).html\"", path.read_text())
        if extends and not path.name.startswith("_"):
            yield name


def linked(template: str) -> list[str]:
    """The sheets of a page in their order; those in a template element are not its own."""
    page = re.sub(
        r"<template.*?</template>", "", render_to_string(template, COUNTS), flags=re.DOTALL
    )
    return re.findall(r"<link rel=\"stylesheet\" href=\"[^\"]*css/(\w+)\.[^\"]*\"", page)


def names_in(template: str) -> set[str]:
    """The classes and ids that elements of a page are drawn with."""
    text = re.sub(r"\{[%{].*?[%}]\}", " ", text_of(template))
    values = re.findall(r"\b(class|id)=\"(.*?)\"", text, re.DOTALL)
    marks = {"class": ".", "id": "#"}
    return {marks[kind] + name for kind, value in values for name in value.split()}


def selectors(sheet: str) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", (ROOT / f"static/css/{sheet}.css").read_text(), flags=re.DOTALL)
    heads = [head for head in re.findall(r"([^{}]+)\{", text) if not head.strip().startswith("@")]
    return {one.strip() for head in heads for one in re.split(r",(?![^(]*\))", head)}


def applying(sheet: str, names: set[str]) -> set[str]:
    """The selectors of a sheet that may match an element with none but these names."""
    found = set()
    for selector in selectors(sheet):
        asked = {*re.findall(r"[.#][a-zA-Z][\w-]*", re.sub(r":(?:not|is)\(.*\)", "", selector))}
        if asked and asked <= names:
            found.add(selector)
    return found


@pytest.mark.parametrize("template", [*pages()])
def test_a_page_links_its_sheets_in_their_order_and_needs_no_other(template: str) -> None:
    sheets = NEAR if template == "near.html" else FRONT
    assert linked(template) == sheets
    missing = {name: applying(name, names_in(template)) for name in SHEETS - {*sheets}}
    assert {name: found for name, found in missing.items() if found} == {}


def test_every_page_and_every_sheet_is_held() -> None:
    assert {"near.html", "welcome.html", "privacy.html", "admin/away.html"} <= {*pages()}
    assert {*FRONT, *NEAR} == SHEETS


def test_a_sheet_can_be_held_in_mind() -> None:
    lines = {
        name: len((ROOT / f"static/css/{name}.css").read_text().splitlines()) for name in SHEETS
    }
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_a_rule_that_a_page_lacks_is_found() -> None:
    assert applying("front", {".hero"})
    assert applying("voice", {".tile", ".who", ".icon"}) >= {".tile .who"}
    assert not applying("voice", {".quiet", ".icon"})
