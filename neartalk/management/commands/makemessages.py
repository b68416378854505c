"""`manage.py makemessages`: collects the sentences of templates, Python and the page's modules into
the .po files of each language there is (or of `--locale`). Run twice, it leaves no difference."""

from pathlib import Path
from typing import Any

from django.core.management.commands import makemessages

DOMAINS = ("django", "djangojs")
IGNORED = ("node_modules", "tests", "docs", "bench", "static/js/languages/*", "requirements*.txt")
FORM = ["--no-wrap", "--no-location"]
# A sentence that changed is translated anew: a guess from another one would be read by nobody.
MERGE = ["-q", "--backup=none", "--no-fuzzy-matching", "--update", *FORM]
UNIQUE = ["--to-code=utf-8", *FORM]
LAST = ["--no-obsolete", *FORM]
EXTRACT = [
    "--from-code=UTF-8",
    "--add-comments=Translators",
    "--keyword=gettextParts",
    "--keyword=ngettextParts:1,2",
    *FORM,
]
# What gettext writes into the head of a file for its author to change, and when it was made.
UNWRITTEN = (
    '"Project-Id-Version: PACKAGE',
    '"Report-Msgid-Bugs-To: \\n',
    '"POT-Creation-Date:',
    '"PO-Revision-Date: YEAR',
    '"Last-Translator: FULL NAME',
    '"Language-Team: LANGUAGE',
    "#",
)


class Command(makemessages.Command):
    help = "Collects the sentences that are marked into locale/*/LC_MESSAGES/*.po."

    msgmerge_options = MERGE
    msguniq_options = UNIQUE
    msgattrib_options = LAST
    xgettext_options = EXTRACT

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(domain="", no_obsolete=True)

    def handle(self, *args: Any, **options: Any) -> None:
        options["all"] = not options["locale"]
        for domain in [options["domain"]] if options["domain"] else DOMAINS:
            ignored = [*options["ignore_patterns"], *IGNORED]
            super().handle(*args, **options | {"domain": domain, "ignore_patterns": ignored})

    def write_po_file(self, potfile: str, locale: str) -> None:
        super().write_po_file(potfile, locale)
        path = Path(potfile).parent / locale / "LC_MESSAGES" / f"{self.domain}.po"
        path.write_text(with_head(path.read_text(encoding="utf-8"), locale), encoding="utf-8")


def with_head(text: str, locale: str) -> str:
    """A .po file whose head holds nothing that nobody wrote, or that each run changes."""
    head, _, entries = text.partition("\n\n")
    kept = [line for line in head.splitlines() if not line.startswith(UNWRITTEN)]
    named = [f'"Language: {locale}\\n"' if "Language: " in line else line for line in kept]
    return "\n".join(named) + "\n\n" + entries
