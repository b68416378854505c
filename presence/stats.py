"""Who is here, for `manage.py stats`."""

import asyncio
import re
from collections.abc import Iterator

from django.conf import settings

from neartalk.codes import Refused
from neartalk.redis import open_store, unknown_when_lost
from neartalk.stats import KeyCount, Stat
from presence.registry import RedisRegistry

PEOPLE = re.compile(r"\{\w{6}\}:people")

KEYS = [
    KeyCount("sessions", re.compile(r"session:[0-9a-f]{16}")),
    # Beside them stands how often the tile has changed.
    KeyCount("people", PEOPLE, "HLEN", less=1),
    KeyCount("tiles with people", PEOPLE),
]


def processes() -> Iterator[Stat]:
    """Those with a lease."""
    if not settings.REDIS_URLS:
        return
    try:
        yield Stat("here", "server processes", asyncio.run(living()))
    except Refused:
        yield Stat("here", "server processes", None, "Redis does not answer")


async def living() -> int:
    client = open_store()
    try:
        with unknown_when_lost():
            await client.share_clock()
        return len((await RedisRegistry(client).status([])).processes)
    finally:
        await client.aclose()
