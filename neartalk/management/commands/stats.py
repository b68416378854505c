"""manage.py stats: how much there is and happens now."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connections
from django.utils.module_loading import autodiscover_modules

from neartalk.doctor import alone
from neartalk.management.output import add_json, shown
from neartalk.stats import KEYS_MAX, SOURCES, TIMEOUT_S, Figure, server, shared

URL = "http://localhost:8080"
CLEAR = "\x1b[H\x1b[2J"


class Command(BaseCommand):
    help = (
        "Says how much there is and happens now: server processes, people, those in voice, tiles, "
        "messages, what Redis uses and does, what each rule refused today (UTC), and reports that "
        f"wait. Of each Redis {KEYS_MAX:,} keys are looked at: with more, figures are about right, "
        "and say so. People are as listed: of a process that died they are counted for some "
        "seconds. What is in the memory of a server, such as all of the embedded form, it says "
        "itself by /metrics, at --url."
    )
    # In an incident it must say what it can.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            action="append",
            help=f"a server to ask besides, more than once for more ({URL} in the embedded form)",
        )
        parser.add_argument(
            "--watch",
            nargs="?",
            type=seconds,
            const=2.0,
            metavar="S",
            help="again each 2 s, or so many, until Ctrl-C",
        )
        add_json(parser)

    def handle(self, *args: Any, watch: float | None, **options: Any) -> None:
        autodiscover_modules("stats")
        urls = options["url"] or ([] if settings.REDIS_URLS else [URL])
        try:
            while True:
                told = shown([one._asdict() for one in figures(urls)], as_json=options["json"])
                clear = watch and not options["json"] and self.stdout.isatty()
                self.stdout.write(f"{CLEAR if clear else ''}{told}")
                if watch is None:
                    return
                time.sleep(watch)
        except KeyboardInterrupt:
            return


def figures(urls: Sequence[str]) -> list[Figure]:
    with patient():
        found = [*shared(), *(one for source in SOURCES for one in told(source()))]
    found += [one for url in urls for one in server(url.rstrip("/"))]
    names = [*dict.fromkeys(one.of for one in found)]
    return sorted(dict.fromkeys(found), key=lambda one: names.index(one.of))


def told(figures: Any) -> Iterator[Figure]:
    try:
        yield from figures
    except Error as why:
        yield Figure("records", "database", None, f"does not answer: {type(why).__name__}")


@contextmanager
def patient() -> Iterator[None]:
    """The database is asked beside the pool, which would wait for half a minute."""
    before = connections["default"]
    connections["default"] = alone(TIMEOUT_S)
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


def seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.1 <= found <= 3600:
        raise ArgumentTypeError("seconds from 0.1 to 3600")
    return found
