"""Records of a process: what it counts, and the rounds that write it and read what was set."""

import asyncio
from functools import partial

from django.utils import timezone

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.limits import Hits, Rules
from neartalk.records.activity import Activity
from neartalk.records.database import DatabaseThread
from neartalk.records.retention import retention_rules
from neartalk.records.rows import add_activity, insert_hits, load_rules, write_mapping
from neartalk.records.write_queue import RETRY_S, WriteQueue

RULES_S = 5.0
HITS_S = 10.0
ACTIVITY_S = 60.0
PROMPT_S = 30.0
PRUNE_S = 3600.0
LAST_S = 5.0
LAST_AGAIN_S = 0.2


class Records:
    """One a process. Nothing that people do waits for it."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.hits = Hits()
        self.activity = Activity()
        self.background = Background()
        self.database = DatabaseThread()
        self.queue = WriteQueue(self.database, self.background)

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.read_rules())
            self.background.later(self.prune())
            self.background.every(RULES_S, self.read_rules)
            self.background.every(HITS_S, self.write_hits)
            self.background.every(RETRY_S, self.queue.write_waiting)
            self.background.every(ACTIVITY_S, self.write_activity)
            self.background.every(PROMPT_S, partial(self.prune, prompt=True))
            self.background.every(PRUNE_S, self.prune)

    async def finish(self) -> None:
        """Writes what waits and what was counted so far, for LAST_S at most."""
        await self.background.later(self._write_last())

    async def read_rules(self) -> None:
        self.rules.stored = await self.database.run(load_rules)

    async def write_hits(self, *, now: bool = False) -> None:
        if counts := self.hits.pop_finished(now=now):
            try:
                await self.database.run(write_mapping, insert_hits, counts)
            except Exception:
                self.hits.put_back(counts)
                raise

    async def write_activity(self, *, now: bool = False) -> None:
        if totals := self.activity.pop_finished(now=now):
            try:
                await self.database.run(write_mapping, add_activity, totals)
            except Exception:
                self.activity.put_back(totals)
                raise

    async def _write_last(self) -> None:
        try:
            async with asyncio.timeout(LAST_S):
                await self._write_waiting_at_last()
                await self.write_hits(now=True)
                await self.write_activity(now=True)
        except TimeoutError as late:
            raise Refused("store-unavailable") from late
        finally:
            self.queue.give_up()

    async def _write_waiting_at_last(self) -> None:
        """No other round comes: a database that takes nothing is asked again and again."""
        while self.queue.waiting:
            try:
                await self.queue.write_waiting()
            except Refused:
                await asyncio.sleep(LAST_AGAIN_S)

    async def prune(self, *, prompt: bool = False) -> None:
        """Deletes what was kept long enough, batch by batch: other work runs in between."""
        for rule in retention_rules():
            if rule.prompt or not prompt:
                while await self.database.run(rule.delete_batch, timezone.now()):
                    pass
