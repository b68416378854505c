"""manage.py simulate: a crowd of simulated people, so that nobody develops alone."""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser
from typing import Any

import httpx
import uvloop
from django.core.management.base import BaseCommand, CommandError

from chat.devtools import spot_of, spread
from neartalk.devtools import ApiError, add_server_urls, progress, server_urls_of
from neartalk.management.output import render_values
from presence.geo import RADIUS_MAX_M, RADIUS_MIN_M
from voice.devtools.simulation import Crowd

PEOPLE_MAX = 2000
# One that nobody has (RFC 5737).
ADDRESS = "203.0.113.77"
NOBODY_PAID = """Nobody worked: too few came, or the server counts none of them.
  TRUSTED_PROXIES=1 make run    believes what this command says of its visitors"""
WHERE = """Where? The people must be where your page is, or your page where they are.
  To bring them to you, open the page of the server, go to the chat, type
    sessionStorage['neartalk.place']
  into its console, and give what it says as cell: simulate --at u33dc0q
  To come to them: simulate --at 52.52,13.405, and in Chromium's developer tools choose
    More tools, Sensors, Location: Berlin
  or set Firefox's geo.provider.network.url in about:config to
    data:application/json,{"location": {"lat": 52.52, "lng": 13.405}, "accuracy": 20}"""


class Command(BaseCommand):
    help = (
        "Brings people who are not there to a running server, by its public API: around a point "
        "they walk, sit at cafés, chat, knock at each other, say hello to whoever comes and answer "
        "what they write; who knocks at them is told no, and whoever comes in by an open door "
        "is sent out again, as they have no voice. It needs nothing set on a server on this "
        "machine, whose own addresses no limit counts, and asks for more of no other: there they "
        "come as the limits let them. Ctrl-C lets all of them leave. "
        "What was sent, acked and shown, refusals by code and latencies are printed at the end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=50, help="how many (50)")
        parser.add_argument(
            "--at",
            type=spot_of,
            metavar="LAT,LON",
            help="the middle: degrees or a geohash; without it, how to find yours",
        )
        parser.add_argument(
            "--around", type=float, default=600, metavar="M", help="metres they spread over (600)"
        )
        parser.add_argument(
            "--radius", type=int, metavar="M", help="how far each reaches (300 to 1000, by chance)"
        )
        parser.add_argument(
            "--one-address",
            action="store_true",
            help="all come through one address, as those of a café: who comes after its free "
            "sessions works for it; how many, and how long each, is printed. It needs a server "
            "with TRUSTED_PROXIES=1, as make run has if you set it",
        )
        parser.add_argument("--minutes", type=float, help="how long (until Ctrl-C)")
        parser.add_argument("--seed", type=int, help="the same number: the same walks and words")
        parser.add_argument("--quiet", action="store_true", help="no line of progress")
        parser.add_argument("--json", action="store_true", help="the summary as JSON")
        add_server_urls(parser)

    def handle(self, *args: Any, people: int, **options: Any) -> None:
        spot, radius_m, around_m = options["at"], options["radius"], options["around"]
        if spot is None:
            raise CommandError(WHERE)
        if not 0 < people <= PEOPLE_MAX or around_m <= 0:
            raise CommandError(f"people is 1 to {PEOPLE_MAX}, around above 0")
        if radius_m is not None and not RADIUS_MIN_M <= radius_m <= RADIUS_MAX_M:
            raise CommandError(f"radius is {RADIUS_MIN_M} to {RADIUS_MAX_M} metres")
        server_urls = server_urls_of(options["urls"], owned=options["owned"])
        crowd = Crowd(
            server_urls,
            people,
            spot,
            around_m=around_m,
            radius_m=radius_m,
            seed=options["seed"],
            address=ADDRESS if options["one_address"] else "",
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(live(crowd, options["minutes"], quiet=options["quiet"]))
            except httpx.HTTPError as away:
                raise CommandError(f"Nobody answers at {server_urls[0]}: is make run on?") from away
            except ApiError as refused:
                raise CommandError(f"The server refuses: {refused}") from refused
        found = summary(crowd)
        self.stdout.write(json.dumps(found) if options["json"] else render_values(found))
        if options["one_address"] and not crowd.paid_s:
            self.stderr.write(NOBODY_PAID)


async def live(crowd: Crowd, minutes: float | None, *, quiet: bool) -> None:
    """Runs the crowd until the time is over, or until Ctrl-C."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end() -> None:
        stop.set()
        # A second Ctrl-C ends at once.
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    if minutes is not None:
        loop.call_later(minutes * 60, stop.set)
    if quiet:
        await crowd.run(stop)
        return
    with progress(sys.stderr, lambda: status(crowd)):
        await crowd.run(stop)


def status(crowd: Crowd) -> tuple[float, str]:
    """The share of people who are here, and counts."""
    here = sum(one.live for one in crowd.neighbours)
    counts = crowd.figures
    refused = sum(crowd.refusals().values())
    return here / len(crowd.walks), (
        f"{here} of {len(crowd.walks)} here   "
        f"{counts['sent']:,} sent   {counts['acked']:,} acked   {counts['shown']:,} shown   "
        f"{counts['moves']:,} moves   {counts['knocks']:,} knocks   {refused:,} refused"
    )


def summary(crowd: Crowd) -> dict[str, Any]:
    counts = (
        *("sent", "acked", "shown", "repeated", "answers", "greetings"),
        *("replies", "mentions", "reactions"),
        *("moves", "knocks", "calls", "knocks declined"),
    )
    return {
        "people": len(crowd.neighbours),
        **({"paid": len(crowd.paid_s), "paid_ms": spread(crowd.paid_s)} if crowd.address else {}),
        **{name.replace(" ", "_"): crowd.figures[name] for name in counts},
        "refused": crowd.refusals(),
        "ack_ms": spread(crowd.chatter.acks_s),
        "delivery_ms": spread(crowd.chatter.deliveries_s),
    }
