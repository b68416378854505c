"""English that is not: each of our sentences with accents, between brackets and longer, as a
language of its own. What reads as plain English under it was never given to translators."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import polib

from neartalk.management.commands import catalogues
from tests.support.prompt_server import PromptServer
from tests.support.servers import ROOT, kept_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bulgarian: what Django and the browser say in it has no plain letters either, and its plurals are
# those of English.
LANGUAGE = "bg"
FOLDER = "PSEUDO_LANGUAGE_FOLDER"
SETTINGS = "tests.support.settings_with_a_pseudo_language"
# Any language's: all have the same sentences.
LOCALE = ROOT / "locale/de/LC_MESSAGES"
METADATA = {
    "Content-Type": "text/plain; charset=utf-8",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}
KEPT = re.compile(r"(%\(\w+\)s|%%|\{\w*\}|<[^<>]*>|&\w+;)")
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED = "áḃçďéḟǵĥíĵķĺḿñóṕɋŕšťúṽẃẍýžÁḂÇĎÉḞǴĤÍĴĶĹḾÑÓṔɊŔŠŤÚṼẂẌÝŽ"
LETTERS = str.maketrans(
    {
        plain: accented * (2 if plain in "aeiou" else 1)  # about 35 % longer
        for plain, accented in zip(PLAIN, ACCENTED, strict=True)
    }
)


class PseudoServer(PromptServer):
    """Speaks one language more: whoever's browser reads Bulgarian is shown it."""

    start_s = 120  # its settings are made of ours: on a busy machine that takes long

    def __init__(self, env: Mapping[str, str]) -> None:
        folder = kept_folder()
        write_catalogues(folder)
        ours = {"DJANGO_SETTINGS_MODULE": SETTINGS, FOLDER: str(folder)}
        super().__init__("uvicorn", {**ours, **env})


def write_catalogues(folder: Path) -> None:
    """What the server reads, and the module of the page."""
    messages = folder / "locale" / LANGUAGE / "LC_MESSAGES"
    modules = folder / "static/js/languages"
    for path in (messages, modules):
        path.mkdir(parents=True)
    translated("django").save_as_mofile(str(messages / "django.mo"))
    path = messages / "djangojs.po"
    translated("djangojs").save(str(path))
    (modules / f"{LANGUAGE}.js").write_text(catalogues.source_of(path), encoding="utf-8")


def translated(domain: str) -> polib.POFile:
    made = polib.pofile(str(LOCALE / f"{domain}.po"))
    made.metadata = METADATA
    for entry in made:
        entry.flags = []
        if entry.msgid_plural:
            entry.msgstr_plural = {0: pseudo(entry.msgid), 1: pseudo(entry.msgid_plural)}
        else:
            entry.msgstr = pseudo(entry.msgid)
    return made


def pseudo(english: str) -> str:
    """A sentence with all that is put into it, its tags and the blanks around it."""
    words = english.strip()
    parts = KEPT.split(words)
    accented = [part if at % 2 else part.translate(LETTERS) for at, part in enumerate(parts)]
    return english.replace(words, f"⟦{''.join(accented)}⟧", 1) if words else english
