"""Whether this process serves, and whether each part it stands on does what people need of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from neartalk.parts import platform_of, state_of
from neartalk.records import WAITING_MAX
from neartalk.redis import (
    TIMEOUT_S,
    Store,
    connect,
    open_store,
    passing_of,
    probe,
    refusal_log,
    refusal_of,
)

FRESH_S = 1.0
# Why a part is not well, where it is not by a refusal of its own.
NO_ANSWER = "no-answer"

log = logging.getLogger("neartalk.health")


class Part:
    """Something that this process stands on. However many want to know, it is asked one question at
    a time, and its answer holds for a second: a part that hangs holds one question.

    What it refuses for good is a word of `neartalk.redis.FINAL`.
    """

    def __init__(self, name: str, ask: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self.ask = ask
        self.asking: asyncio.Task[str] | None = None
        self.asked_at_s = 0.0

    async def trouble(self) -> str:
        """Why it is not well, "" where it is; within 2 s."""
        now_s = asyncio.get_running_loop().time()
        if self.asking is None or (self.asking.done() and now_s - self.asked_at_s > FRESH_S):
            self.asking, self.asked_at_s = asyncio.create_task(self._ask()), now_s
        done, _ = await asyncio.wait({self.asking}, timeout=TIMEOUT_S)
        return self.asking.result() if done else NO_ANSWER

    async def _ask(self) -> str:
        try:
            await self.ask()
        except Exception as why:
            if word := refusal_of(why):
                refusal_log.note(word)
                return word
            log.warning("does not answer", extra={"part": self.name, "error": type(why).__name__})
            return passing_of(why) or NO_ANSWER
        return ""


def select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Health:
    """The parts that this process stands on besides itself."""

    def __init__(self) -> None:
        # On a thread of its own: a database that hangs must hold up nobody else.
        ask = database_sync_to_async(select_one, thread_sensitive=False)
        self.parts = {"database": Part("database", ask)}
        self.stores: list[Store] = []
        if settings.REDIS_URLS:
            store, *hosts = self.stores = [
                open_store(),
                *map(connect, settings.LAYER_REDIS_URLS),
            ]
            self.parts["redis"] = Part("redis", partial(probe, store))
            self.parts["layer"] = Part("layer", partial(publish, hosts))

    async def troubles(self) -> dict[str, str]:
        """By the name of each part why it is not well, "" where it is."""
        found = await asyncio.gather(*(part.trouble() for part in self.parts.values()))
        return dict(zip(self.parts, found, strict=True))

    async def finish(self) -> None:
        await asyncio.gather(*(store.aclose() for store in self.stores))


async def publish(hosts: Sequence[Store]) -> None:
    """To nobody, on each host of the channel layer. Raises what a `Store` raises."""
    channel = f"{settings.CHANNEL_PREFIX}health"
    await asyncio.gather(*(host.send("PUBLISH", channel, "") for host in hosts))


@never_cache
async def readiness(request: HttpRequest) -> JsonResponse:
    """200 where people may be sent: they can come in, and this process is not ending. The database
    may be away, for chat never waits for it, and so may the channel layer: what is not told is
    found by polls. `reasons` says of each part that is not well why."""
    platform = platform_of(request)
    troubles = await state_of(request)["health"].troubles()
    full = len(platform.records.queue.waiting) >= WAITING_MAX
    reasons = {part: why for part, why in {"records": full and "full", **troubles}.items() if why}
    parts = {part: part not in reasons for part in ("records", *troubles)}
    draining = platform.draining.is_set()
    ready = "redis" not in reasons and not draining
    told = {"live": True, "ready": ready, "draining": draining, **parts}
    return JsonResponse(
        told | ({"reasons": reasons} if reasons else {}), status=200 if ready else 503
    )


@never_cache
async def liveness(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all, whatever else is away."""
    return JsonResponse({"live": True})
