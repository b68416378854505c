"""A Redis Cluster as one store: each master is asked as one Redis is.

A lost answer stays lost, as with one Redis. Asked again, of another master, is only what a master
says it has not done: the slot has moved.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from redis import exceptions

from neartalk.redis.client import RedisClient, run
from neartalk.redis.pipeline import Command
from neartalk.redis.store import Script
from neartalk.redis.topology import Topology

# How commands are executed by one node.
Executor = Callable[[RedisClient, list[Command]], Awaitable[list[Any]]]

# So often a command follows a slot that moves.
REDIRECTS_MAX = 5
# So many hash tags are tried to find one for each master: a slot that nobody has ends it too.
TAGS_MAX = 4096


class Cluster:
    """`urls` are of some of its nodes: one that answers tells of the others."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.topology = Topology(urls)
        self.aclose = self.topology.aclose

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self._send(command))

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        await self.topology.ensure_slots()
        return await run(self, self.topology.client_for(keys[0]).clock, script, keys, arguments)

    async def share_clock(self) -> None:
        tags = await self._tags()
        with self.topology.refresh_on_error():
            await asyncio.gather(*(client.share_clock(tag) for client, tag in tags.items()))

    async def ask(self, commands: Collection[Command]) -> list[Any]:
        return (await self.ask_timed(commands))[1] if commands else []

    async def ask_timed(self, commands: Collection[Command]) -> tuple[int, list[Any]]:
        if not commands:
            return await self.now_ms(), []
        with self.topology.refresh_on_error():
            await self.topology.ensure_slots()
            lots: dict[RedisClient, dict[int, Command]] = defaultdict(dict)
            for at, command in enumerate(commands):
                lots[self.topology.client_for(key_of(command))][at] = command
            each = await asyncio.gather(
                *(client.ask_timed(lot.values(), False) for client, lot in lots.items())
            )
            answers = {
                at: await self._result(answer, lot[at])
                for lot, (_, found) in zip(lots.values(), each, strict=True)
                for at, answer in zip(lot, found, strict=True)
            }
        return min(now_ms for now_ms, _ in each), [answers[at] for at in sorted(answers)]

    async def now_ms(self, key: str = "") -> int:
        with self.topology.refresh_on_error():
            await self.topology.ensure_slots()
            if key:
                return await self.topology.client_for(key).now_ms()
            asked = map(RedisClient.now_ms, self.topology.owners())
            times = await asyncio.gather(*asked, return_exceptions=True)
            # One that is away keeps nobody from those who are there.
            if here := [time for time in times if isinstance(time, int)]:
                return min(here)
            raise exceptions.ConnectionError("no master answers")

    async def run_ids(self) -> list[str]:
        with self.topology.refresh_on_error():
            await self.topology.ensure_slots()
            each = await asyncio.gather(*map(RedisClient.run_ids, self.topology.owners()))
        return sorted(run_id for run_ids in each for run_id in run_ids)

    async def tags(self) -> list[str]:
        return [*(await self._tags()).values()]

    async def _tags(self) -> dict[RedisClient, str]:
        """By client a number, the first whose slot that master has."""
        with self.topology.refresh_on_error():
            await self.topology.ensure_slots()
            wanted, found = {*self.topology.owners()}, dict[RedisClient, str]()
            for tag in map(str, range(TAGS_MAX)):
                found.setdefault(self.topology.client_for(tag), tag)
                if found.keys() >= wanted:
                    break
        return found

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        return [[key] for key in keys]

    # ---- Who is asked ------------------------------------------------------------------------

    async def _send(self, command: Command) -> Any:
        with self.topology.refresh_on_error():
            await self.topology.ensure_slots()
            try:
                return await self.topology.client_for(key_of(command)).send(*command)
            except exceptions.AskError as moved:
                return await self._follow(moved, command, together)

    async def _result(self, answer: Any, command: Command) -> Any:
        if isinstance(answer, exceptions.AskError):
            return await self._follow(answer, command, RedisClient.ask)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _follow(self, moved: exceptions.AskError, command: Command, execute: Executor) -> Any:
        """Executes a command where its slot went: for good, or (ASK) for this command."""
        for _ in range(REDIRECTS_MAX):
            lot: list[Command] = [("ASKING",), command]
            if isinstance(moved, exceptions.MovedError):
                self.topology.slots.move_slot(moved)
                lot = [command]
            try:
                return (await execute(self.topology.client(moved.host, moved.port), lot))[-1]
            except exceptions.AskError as again:
                moved = again
        raise exceptions.ClusterError("a slot moves too often")


async def together(client: RedisClient, commands: list[Command]) -> list[Any]:
    return await asyncio.gather(*(client.send(*command) for command in commands))


def key_of(command: Command) -> str:
    """The first key that a command names."""
    if command[0] in {"EVAL", "EVALSHA"}:
        return str(command[3])
    if command[0] == "XREAD":
        return str(command[command.index("STREAMS") + 1])
    return str(command[1])
