"""Two thousand sockets behind one address come back after a restart, as the page does.

A real server on a real Redis, at the limits it comes with, behind a proxy that it trusts.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any

import psutil

from bench.town import spot_in
from chat.devtools import ChatClient, Visitor, arrive
from neartalk.devtools import Api
from tests.support.servers import Server, Valkey

ADDRESS = "203.0.113.200"
# Before the restart nobody pays: so many came by an address of their own.
FREE = 25
TILES = 200
REACH_M = 500
WAIT_S = 240.0


async def visitors(url: str, people: int) -> list[Visitor]:
    found: list[Visitor] = []
    for first in range(0, people, FREE):
        async with Api([url], f"192.0.2.{first // FREE % 250 + 1}") as api:
            turns = range(first, min(people, first + FREE))
            found += await asyncio.gather(
                *(arrive(api, spot_in(turn % TILES), REACH_M) for turn in turns)
            )
    return found


async def all_live(clients: list[ChatClient], since: list[int]) -> list[float]:
    """Seconds until each has arrived once more, of those who have before the end of the wait."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    back: list[ChatClient] = []
    while len(back) < len(clients) and loop.time() < began_s + WAIT_S:
        await asyncio.sleep(0.1)
        pairs = zip(clients, since, strict=True)
        back = [one for one, before in pairs if len(one.arrivals) > before]
    return sorted(one.arrivals[-1] - began_s for one in back)


async def measured(people: int) -> dict[str, Any]:
    redis, server = Valkey(), None
    try:
        redis.start()
        env = {"REDIS_URL": redis.url, "TRUSTED_PROXIES": "1", "RATE_LIMITS_OFF": ""}
        server = Server("uvicorn", env)
        server.start()
        clients = [ChatClient(one, [server.url]) for one in await visitors(server.url, people)]
        for client in clients:
            client.address = ADDRESS
            client.open()
        await all_live(clients, [0] * people)
        since = [len(one.arrivals) for one in clients]
        refused = sum((one.codes for one in clients), Counter())
        await asyncio.to_thread(server.kill)
        back = asyncio.ensure_future(all_live(clients, since))
        await asyncio.to_thread(server.start)
        process = psutil.Process(server.pid)
        took_s = await back
        spent = process.cpu_times()
        refused = sum((one.codes for one in clients), Counter()) - refused
        return {
            "people": people,
            "back": len(took_s),
            "half_s": round(took_s[len(took_s) // 2], 1),
            "all_s": round(took_s[-1], 1),
            "server_cpu_s": round(spent.user + spent.system, 1),
            "load": round(psutil.getloadavg()[0]),
            "ended": sum(bool(one.ended) for one in clients),
            "refused": dict(refused),
        }
    finally:
        if server:
            server.close()
        redis.close()


def attack(people: int) -> dict[str, Any]:
    most = 2 * people + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < most <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return asyncio.run(measured(people))
