"""Whether this process serves, and whether each part it stands on answers."""

import asyncio
import logging

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from neartalk.codes import Refused
from neartalk.redis import TIMEOUT_S, unknown_when_lost
from neartalk.store import shared

log = logging.getLogger("neartalk.health")

# From the moment this process is told to end: nobody new should come.
draining = False


async def redis_answers() -> bool:
    client = shared()
    try:
        with unknown_when_lost():
            return bool(await client.now_ms())
    except Refused as why:
        log.warning("Redis does not answer: %s", type(why.__cause__).__name__)
        return False
    finally:
        await client.aclose()


def select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def database_answers() -> bool:
    """Asked on a thread of its own: a database that hangs must hold up nobody else."""
    ask = database_sync_to_async(select_one, thread_sensitive=False)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await ask()
    except Exception as why:
        # By its kind alone: what it says may hold an address or a name.
        log.warning("the database does not answer: %s", type(why).__name__)
        return False
    return True


@never_cache
async def health(request: HttpRequest) -> JsonResponse:
    """200 where chat works and goes on; the database may be away, for chat never waits for it."""
    parts = {"database": await database_answers()}
    if settings.REDIS_URLS:
        parts["redis"] = await redis_answers()
    ready = parts.get("redis", True) and not draining
    return JsonResponse({"live": True, "ready": ready, **parts}, status=200 if ready else 503)
