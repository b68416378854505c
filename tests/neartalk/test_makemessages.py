"""`manage.py makemessages` finds every sentence that is marked, and leaves no difference."""

import shutil
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import call_command

from neartalk.management.commands.makemessages import with_head
from tests.support.servers import ROOT
from tests.test_javascript_sentences import modules, sentences

FOLDERS = ("templates", "static/js")
MADE_UP = {
    "templates/made_up.html": """{% load i18n %}
        <p title="{% translate "Open" context "verb" %}">{% translate "Hello there" %}</p>
        {% blocktranslate trimmed count n=n %}{{ n }} door{% plural %}{{ n }} doors
        {% endblocktranslate %}""",
    "neartalk/made_up.py": 'from django.utils.translation import gettext as _\n_("Who is it?")\n',
    "static/js/made-up.js": """import { gettext } from './page/gettext.js';
        // Translators: as on a lamp.
        export const on = pgettext('state', 'On');
        export const long = gettext('It is {name}. ' + 'Come in.', { name });
        export const some = ngettextParts('{count} ring', '{count} rings', 2);
        export const whole = gettextParts('{person} is in.', { person });""",
    "static/js/languages/de.js": "gettext('Made of a catalogue');",
    "tests/made_up.py": '_("Of a test")\n',
    "docs/made_up.html": '{% load i18n %}{% translate "Of a document" %}',
}


@pytest.fixture
def tree(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page's sources with a few more, and a language that there is."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name)
    for name, source in MADE_UP.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    (tmp_path / "locale" / "de").mkdir(parents=True)
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(tree: Path) -> dict[str, str]:
    found = sorted((tree / "locale").rglob("*.*"))
    return {path.relative_to(tree / "locale").as_posix(): path.read_text() for path in found}


def entries(tree: Path, domain: str) -> dict[tuple[str, str], polib.POEntry]:
    made = polib.pofile(str(tree / f"locale/de/LC_MESSAGES/{domain}.po"))
    return {(one.msgctxt or "", one.msgid): one for one in made}


def test_all_that_is_marked_is_found_and_a_second_run_changes_nothing(tree: Path) -> None:
    call_command("makemessages", verbosity=0)
    first = files(tree)
    assert {*first} == {"de/LC_MESSAGES/django.po", "de/LC_MESSAGES/djangojs.po"}
    assert "fuzzy" not in first["de/LC_MESSAGES/django.po"]
    server, page = entries(tree, "django"), entries(tree, "djangojs")
    assert {("", "Change language"), ("", "Hello there"), ("verb", "Open")} <= server.keys()
    assert ("", "Who is it?") in server
    assert server["", "%(n)s door"].msgid_plural == "%(n)s doors"
    assert {("", "It is {name}. Come in."), ("", "{person} is in.")} <= page.keys()
    assert page["state", "On"].comment == "Translators: as on a lamp."
    assert page["", "{count} ring"].msgid_plural == "{count} rings"
    assert not [text for _, text in [*server, *page] if text.startswith(("Of a", "Made of"))]
    call_command("makemessages", "-a", verbosity=0)
    assert files(tree) == first


def test_whatever_the_modules_mark_is_in_the_catalogue_of_the_page(tree: Path) -> None:
    call_command("makemessages", "-d", "djangojs", verbosity=0)
    found = {text for _, text in entries(tree, "djangojs")}
    marked = {
        text
        for module in modules()
        for name, text in sentences(module.read_text())
        if name != "pgettext"
    }
    assert len(marked) > 100
    assert {text for text in marked if text and text not in found} <= plurals(tree)


def plurals(tree: Path) -> set[str]:
    return {one.msgid_plural for one in entries(tree, "djangojs").values()}


def test_what_was_translated_stays_and_what_nobody_says_any_more_goes(tree: Path) -> None:
    call_command("makemessages", verbosity=0)
    path = tree / "locale/de/LC_MESSAGES/django.po"
    made = polib.pofile(str(path), wrapwidth=0)
    for one in made:
        one.msgstr = {"Hello there": "Hallo", "Who is it?": "Wer ist da?"}.get(one.msgid, "")
    made.save()
    (tree / "neartalk/made_up.py").write_text('_("Who is there?")\n')
    call_command("makemessages", verbosity=0)
    server = entries(tree, "django")
    assert server["", "Hello there"].msgstr == "Hallo"
    assert server["", "Who is there?"].msgstr == ""
    assert "Wer ist da?" not in path.read_text()


def test_a_new_language_has_its_rule_of_plurals_and_a_head_without_blanks(tree: Path) -> None:
    call_command("makemessages", "-l", "pl", verbosity=0)
    head = (tree / "locale/pl/LC_MESSAGES/djangojs.po").read_text().partition("\n\n")[0]
    assert '"Language: pl\\n"' in head
    assert "nplurals=4" in head
    assert not {"PACKAGE", "YEAR", "fuzzy"} & {*head.replace('"', " ").split()}


def test_a_head_keeps_what_somebody_wrote() -> None:
    head = (
        '# SOME\n#, fuzzy\nmsgid ""\nmsgstr ""\n"POT-Creation-Date: 2026\\n"\n'
        '"Last-Translator: Ana\\n"\n"Language: \\n"\n\nmsgid "a"\nmsgstr "b"\n'
    )
    assert with_head(head, "de") == (
        'msgid ""\nmsgstr ""\n"Last-Translator: Ana\\n"\n"Language: de\\n"\n\n'
        'msgid "a"\nmsgstr "b"\n'
    )
