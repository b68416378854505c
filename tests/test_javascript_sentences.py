"""Whatever the page's modules show or say is marked for translation, as whole sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.javascript_strings import String, strings_of
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

JS = ROOT / "static/js"
# A module without imports (the worker), and what is made of the catalogues.
UNMARKED = ("service-worker.js", "languages/")

SINGLE = {"gettext", "gettextParts"}
PLURAL = {"ngettext", "ngettextParts"}
MARKS = SINGLE | PLURAL | {"pgettext"}
# What these are given is for the browser.
SELECTS = {
    "contains",
    "find",
    "querySelector",
    "querySelectorAll",
    "closest",
    "matches",
    "matchMedia",
}
MACHINE = SELECTS | {"Error", "RegExp", "createElement", "createElementNS", "getElementById"}
SELECTOR = re.compile(r"[.#\[:][\w-]|^(?:button|input)\b.*,|^[a-z]+(?:-[a-z]+)+$")
STYLED = re.compile(r"(?:className\s*[-+]?=|\bclass\s*:)\s*(?:''\s*\+\s*)?$")
SPOKEN = {"alt", "aria-description", "aria-label", "aria-valuetext", "placeholder", "title"}
SETTERS = re.compile(
    r"(?:\.(?:textContent|innerText|placeholder|ariaLabel|alt|data|title)\s*=(?![=>])[^;]*"
    r"|(?<![\w$])(?:title|words|label|body|text)\s*:\s*"
    r"|(?<!function )\b(?:append|announce\w*|setTitle|createTextNode)\([^;]*"
    r"|(?<!function )\b(?:notify|setText)\([^,;]*,[^;]*)$"
)
WORDS = re.compile(r"[^\W\d_]\S*\s+\S|\S\s+\S*[^\W\d_]|^[A-Z][a-z]+\W*$")
# Keys, features of browsers, scripts, the name of the product.
KEYS = {"Enter", "Escape", "Home", "Notification", "Segmenter", "NearTalk"}
SCRIPTS = {"Cyrillic", "Greek", "Arabic", "Hebrew", "Hangul", "Devanagari", "Thai", "Bengali"}
LABELS = {"further away", "right around you"}  # of distances, in frames
NAMES = KEYS | SCRIPTS | LABELS | {"Tamil", "Georgian", "Armenian"}
# Of a cookie, a drawing, a day that the server wrote, a piece of HTML, a link, a place in a text
# of a template, a call's description.
ALLOWED = re.compile(
    r"^(?:; secure|\{\}=\{\}; path=.*|M[\d{}]\S* ?[\d{}aAHV]\S*.*|\{\} UTC|<\w+ .*|noopener .*"
    r"|\{\w+\}|(?:\{\}\\r\\n)?a=fmtp:.*)$"
)


def modules() -> list[Path]:
    found = sorted(JS.rglob("*.js"))
    return [path for path in found if not path.relative_to(JS).as_posix().startswith(UNMARKED)]


def unmarked(source: str) -> list[str]:
    """The words that somebody would read in English whatever their language is."""
    return [f"{one.line}: {one.text}" for one in strings_of(source) if is_unmarked(one)]


def is_unmarked(one: String) -> bool:
    if one.callee in MARKS | MACHINE or one.text in NAMES or ALLOWED.match(one.text):
        return False
    if one.callee == "setAttribute" and one.before.rstrip().endswith("'',"):
        return one.previous in SPOKEN and has_letters(one.text)
    if STYLED.search(one.before) or SELECTOR.search(one.text):
        return False
    return bool(WORDS.search(one.text) or (SETTERS.search(one.before) and has_letters(one.text)))


def has_letters(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text.replace("{}", "")))


def sentences(source: str) -> list[tuple[str, str]]:
    """What stands in the catalogue: the function that a sentence is looked up by, and its English,
    pieces that are joined by + as one."""
    found: list[tuple[str, str]] = []
    for one in strings_of(source):
        if one.callee not in MARKS:
            continue
        if one.before.rstrip().endswith("+"):
            name, text = found.pop()
            found.append((name, text + one.text))
        else:
            found.append((one.callee, one.text))
    return found


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(JS).as_posix())
def test_every_sentence_is_marked(module: Path) -> None:
    assert unmarked(module.read_text()) == []


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(JS).as_posix())
def test_what_is_marked_is_written_out(module: Path) -> None:
    source = module.read_text()
    marked = [one for one in strings_of(source) if one.callee in MARKS]
    assert [one.text for one in marked if one.quote != "'"] == []
    called = rf"(?<!function )(?<![\w.])(?:{'|'.join(MARKS)})\(\s*(?!['\s])"
    if module.name != "gettext.js":
        assert re.findall(called, re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.DOTALL)) == []


def test_no_english_is_one_sentence_here_and_forms_of_a_number_there() -> None:
    """A catalogue has one entry for it, text or a list."""
    found = [one for module in modules() for one in sentences(module.read_text())]
    assert len(found) > 100
    assert {text for name, text in found if name in SINGLE} & {
        text for name, text in found if name in PLURAL
    } == set()


@pytest.mark.parametrize(
    "source",
    [
        "showAlert('x', { title: 'Offline.' });",
        "field.textContent = 'away';",
        "field.textContent = some ? 'away' : gettext('here');",
        "field.textContent = `${count} more`;",
        "const WORDS = { gone: 'is gone' };",
        "const WORDS = ['You left.', 3];",
        "const LIVE = 'Live';",
        "row.setAttribute('aria-label', `${name}: block`);",
        "row.setAttribute('title', 'mute');",
        "row.append('more');",
        "announce('gone');",
        "notify('arrival', gettext('Someone is near'), 'come');",
        "const words = gettext('Hello {name}', { name: 'a friend' });",
        "const x = a / b; field.textContent = 'now'; // it's",
        "const x = `${`You are ${'gone'}`}`;",
        "return /'/.test(x) ? 'one of us' : '';",
    ],
)
def test_words_in_english_are_found_wherever_they_are_shown(source: str) -> None:
    assert len(unmarked(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "field.textContent = gettext('Hello {name}' + ' there', { name });",
        "// it's 'not a word'\n/* 'nor this' */",
        "row.className = 'quiet away';\nrow.className = `name p${colour}`;",
        "ring.setAttribute('class', 'whole ring');",
        "document.querySelector('input, textarea').matches('main p');",
        "const ROWS = '#people .who, #self .who';",
        "if (key === 'Escape') throw new Error(`No such row: ${id}`);",
        "import { on } from '../server/signals.js';",
        "const x = /'a b'/.test(y) && 1 / 2 / 3;",
    ],
)
def test_what_nobody_reads_is_left_alone(source: str) -> None:
    assert unmarked(source) == []
