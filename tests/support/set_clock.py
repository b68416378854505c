"""A client of a real Redis whose clock a test can set: TIME, in answers and in scripts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool

from neartalk.clock import Clock
from neartalk.redis import Command
from neartalk.redis.client import RedisClient
from neartalk.redis.connection import pool_options
from neartalk.redis.node_clock import NodeClock
from neartalk.redis.store import Script


class SetClock(RedisClient):
    """`set_s` is what the clock of Redis was set by; `own` is this process's own clock."""

    def __init__(self, url: str, own: Clock) -> None:
        super().__init__(BlockingConnectionPool(**pool_options(url), decode_responses=True))
        self.clock = NodeClock(own)
        self.set_s = 0

    async def ask(self, commands: Collection[Command], raise_on_error: bool = True) -> list[Any]:
        answers = await super().ask(commands, raise_on_error)
        return [
            (answer[0] + self.set_s, answer[1]) if command == ("TIME",) else answer
            for command, answer in zip(commands, answers, strict=True)
        ]

    async def now_ms(self, key: str = "") -> int:
        return (await self.ask_timed([]))[0]

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        time = "redis.call('TIME')"
        shifted = f"{{ {time}[1] + {self.set_s}, {time}[2] }}"
        clock = self.clock.ahead_ms, self.clock.least_ms()
        extra = clock if script.asks_time else ()
        text = script.text.replace(time, shifted)
        assert ("TIME" in text) == script.asks_time
        return await self.send("EVAL", text, len(keys), *keys, *arguments, *extra)
