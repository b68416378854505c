"""Templates that are rendered once a process show nothing of anybody."""

import re
from typing import Any

import pytest
from django.template import Context, Template

from neartalk.http import constants
from tests.support.servers import ROOT

TEMPLATES = ROOT / "templates"
USE = re.compile(r'\{% constant "([^"]+)"((?: \w+="[^"]*")*) %\}')
ASKED = re.compile(r"\{\{ *([\w.]+)[^}]*\}\}|\{% (?:if|for|with|csrf_token|include)\b")


def used() -> set[tuple[str, frozenset[str]]]:
    """Each template that is a constant of another, and the fields that it is given."""
    sources = (path.read_text() for path in TEMPLATES.rglob("*.html"))
    return {
        (name, frozenset(re.findall(r"(\w+)=", fields)))
        for source in sources
        for name, fields in USE.findall(source)
    }


def test_what_is_rendered_once_asks_for_nothing_but_what_stands_in_the_page() -> None:
    found = used()
    assert len(found) > 20
    for name, fields in found:
        source = re.sub(r"\{#.*?#\}", "", (TEMPLATES / name).read_text())
        assert {match[1] for match in ASKED.finditer(source)} <= fields, name


def test_it_is_rendered_once_and_without_the_context_of_the_page(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DEBUG = False
    asked: list[str] = []

    def source(name: str) -> Any:
        asked.append(name)
        return NamedTemplate()

    class NamedTemplate:
        def render(self, fields: dict[str, str]) -> str:
            return Template("<{{ me }}{{ csrf_token }}{{ media }}>").render(Context(fields))

    monkeypatch.setattr(constants, "get_template", source)
    page = Template('{% constant "one.html" media="print" %}')
    shown = [page.render(Context({"me": me, "csrf_token": me})) for me in ("Ana", "Ben")]
    assert shown == ["<print>", "<print>"]
    assert asked == ["one.html"]
    constants.forget()
