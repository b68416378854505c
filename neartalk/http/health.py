"""Whether this process serves, and whether each part it stands on answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from neartalk.records import WAITING_MAX, records
from neartalk.redis import TIMEOUT_S, Store, shared
from neartalk.server import drain

FRESH_S = 1.0

log = logging.getLogger("neartalk.health")


class Part:
    """Something that this process stands on. However many want to know, it is asked one question at
    a time, and its answer holds for a second: a part that hangs holds one question.
    """

    def __init__(self, name: str, ask: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self.ask = ask
        self.asking: asyncio.Task[bool] | None = None
        self.asked_at_s = 0.0

    async def answers(self) -> bool:
        """Within 2 s."""
        now_s = asyncio.get_running_loop().time()
        if self.asking is None or (self.asking.done() and now_s - self.asked_at_s > FRESH_S):
            self.asking, self.asked_at_s = asyncio.create_task(self._ask()), now_s
        done, _ = await asyncio.wait({self.asking}, timeout=TIMEOUT_S)
        return bool(done) and self.asking.result()

    async def _ask(self) -> bool:
        try:
            await self.ask()
        except Exception as why:
            log.warning("does not answer", extra={"part": self.name, "error": type(why).__name__})
            return False
        return True


def select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@cache
def client() -> Store:
    return shared()


async def ping() -> None:
    await client().now_ms()


# On a thread of its own: a database that hangs must hold up nobody else.
database = Part("database", database_sync_to_async(select_one, thread_sensitive=False))
redis = Part("redis", ping)


@never_cache
async def readiness(request: HttpRequest) -> JsonResponse:
    """200 where people may be sent: chat works, and this process is not ending. The database may be
    away, for chat never waits for it."""
    parts = {"records": len(records().waiting) < WAITING_MAX}
    if settings.REDIS_URLS:
        parts["database"], parts["redis"] = await asyncio.gather(
            database.answers(), redis.answers()
        )
    else:
        parts["database"] = await database.answers()
    ready = parts.get("redis", True) and not drain.draining.is_set()
    told = {"live": True, "ready": ready, "draining": drain.draining.is_set(), **parts}
    return JsonResponse(told, status=200 if ready else 503)


@never_cache
async def liveness(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all, whatever else is away."""
    return JsonResponse({"live": True})
