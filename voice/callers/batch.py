"""Requests that come together are done together, and each gets its own outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, NamedTuple

from neartalk.codes import Refused
from voice.callers.contract import Decide, Decision

BATCH_MAX = 200


class Request(NamedTuple):
    """A transaction that waits for its outcome in `done`."""

    ids: Collection[str]
    decide: Decide[Any]
    beside: Collection[str]
    done: asyncio.Future[Any]


Outcome = Decision | Exception


class Batch:
    """Hands all requests that wait to `work`, BATCH_MAX at most, one batch after the other."""

    def __init__(self, work: Callable[[Sequence[Request]], Awaitable[Sequence[Outcome]]]) -> None:
        self.work = work
        self.waiting: list[Request] = []
        self.task: asyncio.Task[None] | None = None

    async def run(
        self, ids: Collection[str], decide: Decide[Any], beside: Collection[str] = ()
    ) -> Any:
        """The decision. Raises what `decide` raises, or what `work` raises for the whole batch."""
        done = asyncio.get_running_loop().create_future()
        self.waiting.append(Request(ids, decide, beside, done))
        if self.task is None:
            self.task = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        try:
            while self.waiting:
                batch, self.waiting = self.waiting[:BATCH_MAX], self.waiting[BATCH_MAX:]
                for request, outcome in zip(batch, await self._outcomes(batch), strict=True):
                    resolve(request.done, outcome)
        finally:
            self.task = None

    async def _outcomes(self, batch: Sequence[Request]) -> Sequence[Outcome]:
        try:
            return await self.work(batch)
        except Refused as lost:
            # An exception of its own for each: a traceback grows with every raise.
            return [Refused(lost.code, retry_after=lost.retry_after) for _ in batch]
        except Exception as failed:
            return [failed for _ in batch]


def resolve(done: asyncio.Future[Any], outcome: Outcome) -> None:
    """Sets the outcome, unless nobody waits for it any more."""
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
