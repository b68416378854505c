"""manage.py profile: where the time of a delivery goes."""

import asyncio
import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import uvloop
from django.core.management.base import BaseCommand, CommandError

from chat.profiling import Profile, profile
from neartalk.limits import RULES


class Command(BaseCommand):
    help = (
        "Says where the time of a delivery goes, step by step: people on this machine's loopback "
        "talk through the product's own code, from the consumer to the kernel, for a few seconds. "
        "Nothing of it touches a store or a running server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=500, help="who listens and speaks (500)")
        parser.add_argument("--cells", type=int, default=1, help="over how many cells (1)")
        parser.add_argument("--messages", type=int, default=100, help="said in all (100)")
        parser.add_argument("--rate", type=float, default=20, help="messages a second (20)")
        parser.add_argument("--json", action="store_true", help="seconds by step, as JSON")

    def handle(self, *args: Any, people: int, cells: int, messages: int, **options: Any) -> None:
        rate = options["rate"]
        if min(people, cells, messages, rate) <= 0:
            raise CommandError("people, cells, messages and rate must be above 0")
        if messages > (most := people * RULES["chat.send"].burst):
            raise CommandError(f"{people} people may say {most} messages at once, not {messages}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(profile(people, cells, messages, rate))
        self.stdout.write(json.dumps(asdict(found)) if options["json"] else table(found))


def table(report: Profile) -> str:
    """Microseconds by step, for each message and for each delivery."""
    total_s = sum(report.seconds.values())
    rows = [*report.seconds.items(), ("in all", total_s)]
    return "\n".join(
        [
            f"{report.people:,} people in {report.cells:,} cell{'s' * (report.cells > 1)}: "
            f"{report.messages:,} messages, {report.deliveries:,} deliveries",
            f"{'':32}{'us a message':>14}{'us a delivery':>15}{'share':>8}",
            *(
                f"{step:32}{seconds / report.messages * 1e6:14.1f}"
                f"{seconds / report.deliveries * 1e6:15.3f}{seconds / total_s:8.1%}"
                for step, seconds in rows
            ),
        ]
    )
