"""manage.py doctor: what is wrong with this installation, and what to do about it."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import get_resolver
from django.utils.module_loading import import_string

from neartalk.doctor import CheckOptions, Diagnosis, Severity, diagnose
from neartalk.management.output import Row, add_json, render_rows


class Command(BaseCommand):
    help = (
        "Looks at the settings, Redis, the database, STUN and TURN, clocks, limits of this "
        "machine and Django's own checks, and with --url at the product as people reach it: "
        "proxies, TLS, cookies, sockets and whose address is seen. Says of each what is "
        "wrong and what to do about it; ends with 1 where there is a fault, else with 0. Run it "
        "where and with the settings that the server runs with. Everything is looked at at once "
        "and takes a few seconds, also where something hangs; nobody notices, nothing is kept."
    )
    # It runs them by itself, and goes on after what they find.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url", type=site, help="where people come, such as https://example.org"
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=CheckOptions.time_limit_s,
            metavar="S",
            help=f"how long to wait for what does not answer ({CheckOptions.time_limit_s:g})",
        )
        add_json(parser)

    def handle(self, *args: Any, url: str | None, timeout: float, **options: Any) -> None:
        # What takes a while to import must not count as not answering.
        get_resolver().url_patterns  # noqa: B018
        sources = [*map(import_string, settings.DOCTOR_CHECKS)]
        found = diagnose(CheckOptions(url or "", timeout), sources)
        if options["json"]:
            self.stdout.write(render_rows([*map(fields, found)], as_json=True))
        else:
            self.stdout.write(render_rows([*lines(found)], as_json=False))
        counts = Counter(one.finding.severity for one in found)
        if faults := counts[Severity.FAULT]:
            raise CommandError(f"{faults} fault{'s' * (faults > 1)}.", returncode=1)
        if not options["json"]:
            self.stdout.write(f"\nNo fault, {counts[Severity.WARNING]} to think about.")


def fields(one: Diagnosis) -> Row:
    severity, message, hint = one.finding
    return {"about": one.about, "state": severity, "says": message, "do": hint}


def lines(found: Sequence[Diagnosis]) -> Iterator[Row]:
    """A row for what is found, and one below it for what to do."""
    for about, (severity, message, hint) in found:
        yield {"state": severity, "about": about, "found, and what to do": message}
        if hint:
            yield {"state": "", "about": "", "found, and what to do": f"  {hint}"}


def site(text: str) -> str:
    """Without what follows the host and port."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ArgumentTypeError("an address such as https://example.org")
    return f"{parts.scheme}://{parts.netloc}"
