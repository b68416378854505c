"""manage.py loadtest: is what was acked shown once to everyone in range, by a server under load?"""

import asyncio
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import httpx
import uvloop
from django.core.management.base import BaseCommand, CommandError

from chat.devtools import Load, Tally, spot_of
from neartalk.devtools import ApiError, add_server_urls, progress, server_urls_of
from neartalk.management.output import render_values


class Command(BaseCommand):
    help = (
        "Loads a running server by its public API and counts what became of every message: "
        "people in places far from each other talk, and everybody in range of a message must "
        "be shown it once. Clients come back by themselves, as the page does, so that "
        "processes may be killed meanwhile. Of the deliveries that are due, some may be told "
        "(missing, and a gap was said); lost is without a word, strange out of range. Ends "
        "with 1 if anything acked is lost, repeated or strange, or if a message is never "
        "answered. A person may say 10 messages a minute, 6 in the first: for more, or from "
        "another machine than the server's, start the server with RATE_LIMITS_SCALE=1000."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=100, help="how many (100)")
        parser.add_argument("--places", type=int, default=10, help="in how many places (10)")
        parser.add_argument("--rate", type=float, default=5, help="messages a second, in all (5)")
        parser.add_argument("--seconds", type=float, default=30, help="how long they talk (30)")
        parser.add_argument(
            "--at",
            type=spot_of,
            default=(0.0, 0.0),
            metavar="LAT,LON",
            help="the first place, or its geohash (0,0, where nobody lives)",
        )
        parser.add_argument("--json", action="store_true", help="the figures as JSON")
        add_server_urls(parser)

    def handle(self, *args: Any, people: int, places: int, **options: Any) -> None:
        rate, seconds = options["rate"], options["seconds"]
        if min(people, places, rate, seconds) <= 0 or places > people:
            raise CommandError("people, places, rate and seconds are above 0, places <= people")
        server_urls = server_urls_of(options["urls"], owned=options["owned"])
        load = Load(server_urls, people, places, options["at"])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                counted = runner.run(run(load, rate, seconds))
            except (ApiError, httpx.HTTPError, TimeoutError) as why:
                named = ", ".join(server_urls)
                raise CommandError(f"Not everybody came to {named}: {why}") from why
        self.stdout.write(json.dumps(asdict(counted)) if options["json"] else summary(counted))
        if not counted.good:
            sys.exit(1)


async def run(load: Load, rate: float, seconds: float) -> Tally:
    total = int(rate * seconds)

    def state() -> tuple[float, str]:
        counts = [
            f"{sum(client.live for client in load.clients):,} of {load.people:,} live",
            f"{len(load.sent):,} sent",
            f"{sum(map(len, (client.pending for client in load.clients))):,} pending",
        ]
        return len(load.sent) / total, "   ".join(counts)

    try:
        with progress(sys.stderr, state):
            await load.arrive()
            await load.talk(rate, seconds)
            await load.settle()
        return load.tally()
    finally:
        await load.leave()


def summary(counted: Tally) -> str:
    """The counts, and a sentence on what they mean."""
    found = [render_values(asdict(counted))]
    found.append(
        "Everything acked was shown once to everyone in range."
        if counted.good
        else "BROKEN: lost, repeated, strange, unanswered and ended must be 0, and acked not."
    )
    if "too-fast" in counted.refused:
        found.append("They spoke faster than they may: RATE_LIMITS_SCALE=1000, or more people.")
    return "\n".join(found)
