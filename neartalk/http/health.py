"""Whether this process serves, and whether each part it stands on answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from neartalk.parts import platform_of, state_of
from neartalk.records import WAITING_MAX
from neartalk.redis import TIMEOUT_S, open_store

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


class Health:
    """The parts that this process stands on besides itself."""

    def __init__(self) -> None:
        # On a thread of its own: a database that hangs must hold up nobody else.
        ask = database_sync_to_async(select_one, thread_sensitive=False)
        self.parts = {"database": Part("database", ask)}
        if settings.REDIS_URLS:
            self.parts["redis"] = Part("redis", open_store().now_ms)

    async def answers(self) -> dict[str, bool]:
        """Which of them answer, by name."""
        found = await asyncio.gather(*(part.answers() for part in self.parts.values()))
        return dict(zip(self.parts, found, strict=True))


@never_cache
async def readiness(request: HttpRequest) -> JsonResponse:
    """200 where people may be sent: chat works, and this process is not ending. The database may be
    away, for chat never waits for it."""
    platform = platform_of(request)
    parts = {"records": len(platform.records.queue.waiting) < WAITING_MAX}
    parts |= await state_of(request)["health"].answers()
    draining = platform.draining.is_set()
    ready = parts.get("redis", True) and not draining
    told = {"live": True, "ready": ready, "draining": draining, **parts}
    return JsonResponse(told, status=200 if ready else 503)


@never_cache
async def liveness(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all, whatever else is away."""
    return JsonResponse({"live": True})
