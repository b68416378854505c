"""manage.py doctor: what is wrong with this installation, and what to do about it."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.urls import get_resolver
from django.utils.module_loading import autodiscover_modules

from neartalk.doctor import Asked, Diagnosis, State, examine
from neartalk.management.output import Row, add_json, shown


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
            default=Asked.patience_s,
            metavar="S",
            help=f"how long to wait for what does not answer ({Asked.patience_s:g})",
        )
        add_json(parser)

    def handle(self, *args: Any, url: str | None, timeout: float, **options: Any) -> None:
        # What takes a while to import must not count as not answering.
        get_resolver().url_patterns  # noqa: B018
        autodiscover_modules("doctor")
        found = examine(Asked(url or "", timeout))
        if options["json"]:
            self.stdout.write(shown([*map(fields, found)], as_json=True))
        else:
            self.stdout.write(shown([*lines(found)], as_json=False))
        counts = Counter(one.finding.state for one in found)
        if faults := counts[State.FAULT]:
            raise CommandError(f"{faults} fault{'s' * (faults > 1)}.", returncode=1)
        if not options["json"]:
            self.stdout.write(f"\nNo fault, {counts[State.WARNING]} to think about.")


def fields(one: Diagnosis) -> Row:
    return {"about": one.about, **one.finding._asdict()}


def lines(found: Sequence[Diagnosis]) -> Iterator[Row]:
    """What to do stands below what is wrong."""
    for about, (state, says, do) in found:
        yield {"state": state, "about": about, "found, and what to do": says}
        if do:
            yield {"state": "", "about": "", "found, and what to do": f"  {do}"}


def site(text: str) -> str:
    """Without what follows the host and port."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ArgumentTypeError("an address such as https://example.org")
    return f"{parts.scheme}://{parts.netloc}"
