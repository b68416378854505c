"""Every language says all there is to say, and what is made of its sentences is as it was made."""

from __future__ import annotations

import gzip
import re
import shutil
from typing import TYPE_CHECKING, Any

import polib
import pytest
from django.conf import settings as deployed
from django.core.management import call_command
from django.utils.translation import to_locale

from neartalk.management.commands import catalogues
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LANGUAGES = [language for language, _ in deployed.LANGUAGES if language != "en"]
LOCALE = ROOT / "locale"
DOMAINS = ("django", "djangojs")
CATALOGUE_BYTES = 12_000
# What makemessages reads, besides what is at the top.
SOURCES = ("templates", "static/js", "neartalk", "presence", "chat", "voice", "locale")
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}|%%")
TAG = re.compile(r"</?\w+[^<>]*>")
COUNTS = {"{count}"}


def translated(language: str) -> Iterator[tuple[polib.POEntry, str]]:
    """Each sentence with each of its forms in a language."""
    for domain in DOMAINS:
        for entry in polib.pofile(str(path_of(language, domain))):
            forms = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
            for form in forms:
                yield entry, form


def path_of(language: str, domain: str) -> Path:
    return LOCALE / to_locale(language) / "LC_MESSAGES" / f"{domain}.po"


def test_the_languages_are_those_that_have_sentences() -> None:
    assert {*map(to_locale, LANGUAGES)} == {path.name for path in LOCALE.iterdir()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_and_guesses_nothing(language: str) -> None:
    silent = [entry.msgid for entry, form in translated(language) if not form.strip()]
    assert silent == []
    for domain in DOMAINS:
        found = polib.pofile(str(path_of(language, domain)))
        assert [one.msgid for one in found if one.fuzzy or one.obsolete] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_keeps_what_is_put_into_it(language: str) -> None:
    assert [fault for entry, form in translated(language) for fault in faults(entry, form)] == []


def faults(entry: polib.POEntry, form: str) -> Iterator[str]:
    english = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
    known = [{*PLACEHOLDER.findall(one)} for one in english]
    counts = {*COUNTS, *(known[0] ^ known[-1]), *counted(entry)} if entry.msgid_plural else set()
    found = {*PLACEHOLDER.findall(form)}
    if found - set.union(*known) or set.union(*known) - found - counts:
        yield f"{form!r} has not the placeholders of {entry.msgid!r}"
    # A sign of formatting that is alone raises, and one with more in it reads what it is given.
    if set("{}%") & {*PLACEHOLDER.sub("", form)} - {*PLACEHOLDER.sub("", entry.msgid)}:
        yield f"{form!r} would be formatted otherwise"
    if sorted(TAG.findall(form)) != sorted(TAG.findall(entry.msgid)):
        yield f"{form!r} has not the tags of {entry.msgid!r}"
    # Templates put a sentence between quotes, or tags, as it is.
    if set('"<>') & {*TAG.sub("", form)} - {*TAG.sub("", entry.msgid)}:
        yield f"{form!r} would end an attribute, or begin a tag"
    if (form[:1] == " ", form[-1:] == " ") != (entry.msgid[:1] == " ", entry.msgid[-1:] == " "):
        yield f"{form!r} has not the blanks of {entry.msgid!r}"


def counted(entry: polib.POEntry) -> set[str]:
    """The numbers of a sentence: one form of a plural may leave its own out."""
    return {one for one in PLACEHOLDER.findall(entry.msgid_plural) if one not in ("%%",)}


@pytest.mark.parametrize(
    ("english", "plural", "form", "wrong"),
    [
        ("Hello {name}", "", "Hallo {name}", 0),
        ("Hello {name}", "", "Hallo", 1),
        ("Hello", "", "Hallo {name}", 1),
        ("{count} ring", "{count} rings", "Ein Ring", 0),
        ("{n} ring of {name}", "{n} rings of {name}", "Ein {ring}", 1),
        ("Hello {name}", "", "Hallo {name} {name.__class__}", 1),
        ("Hello {name}", "", "Hallo {name} {", 1),
        ("Hello %(name)s", "", "Hallo %(name)s, 5 % mehr", 1),
        ("See <b>it</b>", "", "Sieh <i>es</i>", 1),
        ("Open", "", '"Auf"', 1),
        ("and ", "", "und", 1),
    ],
)
def test_a_sentence_that_lost_something_is_found(
    english: str, plural: str, form: str, wrong: int
) -> None:
    entry = polib.POEntry(msgid=english, msgid_plural=plural)
    assert len([*faults(entry, form)]) == wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_of_a_page_is_as_it_was_made_and_small(language: str) -> None:
    made = catalogues.source_of(path_of(language, "djangojs"))
    kept = ROOT / catalogues.FOLDER / f"{language}.js"
    assert kept.read_text(encoding="utf-8") == made, "manage.py catalogues"
    assert len(gzip.compress(made.encode(), 9)) <= CATALOGUE_BYTES


def test_collecting_and_compiling_all_sentences_leaves_no_difference(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", verbosity=0)
    assert differing(tmp_path / "locale", "*.po") == [], "manage.py makemessages"
    for path in (tmp_path / "locale").rglob("*.mo"):
        path.unlink()
    call_command("compilemessages", verbosity=0)
    assert differing(tmp_path / "locale", "*.mo") == [], "manage.py compilemessages"


def differing(made: Path, pattern: str) -> list[str]:
    names = {path.relative_to(root) for root in (made, LOCALE) for path in root.rglob(pattern)}
    assert names
    return [
        str(name)
        for name in sorted(names)
        if not all((root / name).exists() for root in (made, LOCALE))
        or (made / name).read_bytes() != (LOCALE / name).read_bytes()
    ]
