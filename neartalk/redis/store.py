"""What is asked of Redis: of one, or of a cluster of them."""

import asyncio
import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from redis.exceptions import RedisClusterException, RedisError

from neartalk.codes import Refused
from neartalk.redis.pipeline import Command
from neartalk.redis.refusals import refusal_log, refusal_of

# Stands before every script that asks what time it is.
NOW = Path(__file__).parent / "lua" / "now.lua"


class Script(NamedTuple):
    """Lua that runs in Redis as one step; its header names every key and argument.

    `asks_time` says that a client adds the arguments of now.lua.
    """

    text: str
    sha: str
    asks_time: bool


class Store(Protocol):
    """One Redis, or a cluster of them, as the stores of all apps use it.

    The keys that one command or script names stand in one slot. Any method may raise what
    `unknown_when_lost` takes.
    """

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        """One short command, sent together with others of this moment; the raw answer."""

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Runs a script, as `send` does."""

    async def share_clock(self) -> None:
        """Agrees with the other processes on what is added to a clock that was set back."""

    async def ask(self, commands: Collection[Command]) -> list[Any]:
        """Many commands, or commands with long answers, on a connection of their own; each answer
        in the form that redis-py gives it."""

    async def ask_timed(self, commands: Collection[Command]) -> tuple[int, list[Any]]:
        """The store's clock before it answered, in milliseconds, and the answers; of several clocks
        the earliest."""

    async def now_ms(self, key: str = "") -> int:
        """The store's clock in milliseconds: that of the node which has the key, else the earliest
        of those that answer."""

    async def run_ids(self) -> list[str]:
        """The run id of each node that has slots: a new one after each start. Without those that
        do not tell it: a managed Redis may forbid INFO, which is @dangerous."""

    async def tags(self) -> list[str]:
        """A hash tag for each node: a key with it is kept there."""

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        """The keys in groups that one command may name together."""

    async def aclose(self) -> None: ...


@cache
def script(*paths: Path) -> Script:
    """The script of these files, one after the other."""
    text = "".join(path.read_text() for path in paths)
    asks_time = "now_ms()" in text
    if asks_time:
        text = NOW.read_text() + text
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(text, sha, asks_time)


@contextmanager
def unknown_when_lost() -> Iterator[None]:
    """Turns a lost or late answer into `store-unavailable`: neither a yes nor a no. What Redis
    refuses for good is `store-refuses`, and logged once.

    Raises:
        Refused: with the code `store-unavailable` or `store-refuses`.
    """
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as lost:
        if word := refusal_of(lost):
            refusal_log.note(word)
            raise Refused("store-refuses", retry_after=30) from lost
        raise Refused("store-unavailable", retry_after=2) from lost
