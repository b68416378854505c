"""`manage.py catalogues`: the sentences of the page's modules in each language, as modules.

A page loads one of them at most, before its own modules: static, under a name that changes with its
content. English needs none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import to_locale

if TYPE_CHECKING:
    import polib

FOLDER = Path("static/js/languages")


class Command(BaseCommand):
    help = "Makes the catalogues of the page from locale/*/LC_MESSAGES/djangojs.po."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.BASE_DIR / FOLDER
        folder.mkdir(exist_ok=True)
        made = {folder / f"{language}.js": source_of(path) for language, path in files()}
        for old in {*folder.glob("*.js")} - made.keys():
            old.unlink()
        for path, source in made.items():
            path.write_text(source, encoding="utf-8")
        self.stdout.write(f"{len(made)} catalogues")


def files() -> Iterator[tuple[str, Path]]:
    """Each language that has a catalogue for the page, and where it is."""
    for language, _ in settings.LANGUAGES:
        for root in settings.LOCALE_PATHS:
            path = Path(root) / to_locale(language) / "LC_MESSAGES" / "djangojs.po"
            if path.exists():
                yield language, path


def source_of(path: Path) -> str:
    """The module of a catalogue. What is missing or fuzzy is not in it, and said in English.

    A rule of plurals is C (GNU gettext, "Plural forms"): the same expression in JavaScript.
    """
    import polib  # noqa: PLC0415 only developers make catalogues

    found = polib.pofile(str(path))
    rule = found.metadata["Plural-Forms"].partition("plural=")[2].strip().rstrip(";")
    strings = {
        keyed(entry): [entry.msgstr_plural[form] for form in sorted(entry.msgstr_plural)]
        if entry.msgid_plural
        else entry.msgstr
        for entry in found.translated_entries()
    }
    shown = json.dumps(strings, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return (
        "// Made by `manage.py catalogues`: change the .po file.\n"
        "import { useCatalogue } from '../page/gettext.js';\n\n"
        f"useCatalogue({{ plural: (n) => Number({rule}), strings: {shown} }});\n"
    )


def keyed(entry: polib.POEntry) -> str:
    """What a sentence is looked up by: its English, after what it means where it means several."""
    return f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
