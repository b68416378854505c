"""manage.py stats: how much there is and happens now."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connections
from django.utils.module_loading import import_string

from neartalk.doctor import connect_alone
from neartalk.management.output import add_json, render_rows
from neartalk.stats import KEYS_MAX, TIMEOUT_S, Stat, StatSource, redis_stats, server_stats

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
        urls = options["url"] or ([] if settings.REDIS_URLS else [URL])
        try:
            while True:
                table = render_rows(
                    [one._asdict() for one in collect(urls)], as_json=options["json"]
                )
                clear = watch and not options["json"] and self.stdout.isatty()
                self.stdout.write(f"{CLEAR if clear else ''}{table}")
                if watch is None:
                    return
                time.sleep(watch)
        except KeyboardInterrupt:
            return


def collect(urls: Sequence[str]) -> list[Stat]:
    """All statistics, those of one thing together; `urls` are servers to ask besides."""
    counted = [one for name in settings.STATS_OF_KEYS for one in import_string(name)]
    with outside_the_pool():
        found = [*redis_stats(counted)]
        found += [one for name in settings.STATS for one in read(import_string(name))]
    found += [one for url in urls for one in server_stats(url.rstrip("/"))]
    names = [*dict.fromkeys(one.of for one in found)]
    return sorted(dict.fromkeys(found), key=lambda one: names.index(one.of))


def read(source: StatSource) -> Iterator[Stat]:
    """The statistics of a source, or that the database does not answer it."""
    try:
        yield from source()
    except Error as why:
        yield Stat("records", "database", None, f"does not answer: {type(why).__name__}")


@contextmanager
def outside_the_pool() -> Iterator[None]:
    """Asks the database outside the pool, which would wait for half a minute."""
    before = connections["default"]
    connections["default"] = connect_alone(TIMEOUT_S)
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
