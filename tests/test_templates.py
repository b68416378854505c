"""Templates can be read and compared line by line, and all their words be translated."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from django.template.base import Lexer, Token, TokenType

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WIDEST = 200
# What reads the same in every language, and an attribute that a page hands to its base.
SAME = {"NearTalk", 'class="whole"'}
# Attributes that are read, aloud or by a script that shows them.
READ = {
    "alt",
    "aria-description",
    "aria-label",
    "aria-placeholder",
    "aria-roledescription",
    "aria-valuetext",
    "data-alone",
    "data-before",
    "data-own",
    "data-words",
    "label",
    "placeholder",
    "title",
}
# Names of files and values of attributes are no words; a text that a tag hands on is.
TEXT_OF_TAG = re.compile(r"""=\s*(["'])[A-Z][^"']*\1""")
# Of a variable that is shown nothing is known here; a word keeps apart what it stood between.
VARIABLE = " "
PAGES = sorted((ROOT / "templates").glob("*.html"))


def test_no_line_is_wider_than_200_characters() -> None:
    templates = [*(ROOT / "templates").rglob("*.html")]
    assert len(templates) > 60
    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST
    ] == []


class ShownText(HTMLParser):
    """Collects what a person reads of a template without its translated parts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        shown = [given[name] for name in READ if name in given]
        if given.get("name") in {"description", "apple-mobile-web-app-title"}:
            shown.append(given.get("content"))
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            shown.append(given.get("value"))
        self.found.extend(filter(None, shown))

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def untranslated(source: str) -> list[str]:
    """The words of a template that are in no translation tag."""
    kept: list[str] = []
    texts: list[str] = []
    is_inside = False
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.BLOCK:
            is_inside = is_translation_open(token, is_inside)
            if not is_inside:
                texts.extend(one[0] for one in TEXT_OF_TAG.finditer(token.contents))
        elif not is_inside and token.token_type is TokenType.VAR:
            kept.append(VARIABLE)
        elif not is_inside and token.token_type is TokenType.TEXT:
            kept.append(token.contents)
    reader = ShownText()
    reader.feed("".join(kept))
    reader.close()
    words = [" ".join(one.split()) for one in (*reader.found, *texts)]
    return [one for one in words if re.search(r"[^\W\d_]", one) and one not in SAME]


def is_translation_open(token: Token, is_open: bool) -> bool:
    name = token.contents.split()[0]
    if name in {"blocktranslate", "blocktrans"}:
        return True
    return is_open and name not in {"endblocktranslate", "endblocktrans"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_word_of_a_page_can_be_translated(path: Path) -> None:
    assert untranslated(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %}, you</p>', [", you"]),
        (
            "{% blocktranslate count n=n %}{{ n }} person{% plural %}people{% endblocktranslate %}",
            [],
        ),
        ('<b aria-label="Close">{{ name }}</b>', ["Close"]),
        ('<b aria-label="{% translate "Close" %}" class="Close">{{ name }}</b>', []),
        ('<meta name="description" content="A chat">', ["A chat"]),
        ("<template><p>Deep</p></template><svg><text>Ana</text></svg>", ["Deep", "Ana"]),
        ('{% constant "_reaction.html" kind="yes" words="Yes" %}', ['="Yes"']),
        ('{% constant "_reaction.html" kind="yes" words=_("Yes") %}', []),
        ("{# Hello #}{% comment %}{% endcomment %}<b>NearTalk</b>{{ days }} 30 ·", []),
        ("<option {% if a %}selected{% endif %}>日本</option>", ["日本"]),
    ],
)
def test_words_that_nobody_can_translate_are_found(source: str, found: list[str]) -> None:
    assert untranslated(source) == found
