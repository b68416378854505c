"""Who may not speak, or not come: the rows in force, in this process's memory.

Answers never wait. What is imposed here holds at once and is written beside; each second is read
what changed anywhere. Of a database that does not answer, what was known stays in force.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from neartalk.background import Background
from neartalk.clock import Clock, now_ms
from neartalk.codes import Refused
from neartalk.limits import seconds
from neartalk.models import Reason, Sanction
from neartalk.records.writer import Records

ROUND_S = 1.0
NEWS_S = 1.0
EPOCH = datetime.fromtimestamp(0, UTC)
# Whatever is not told by a row's own time, such as that it was deleted, is seen after so long.
REREAD = timedelta(seconds=30)
# Rows bear the time of whoever writes them: clocks differ, and a transaction takes its time.
OVERLAP = timedelta(minutes=1)
# So long a mute that is over still makes the next one longer.
REMEMBERED = timedelta(days=1)
UNWRITTEN_MAX = 1000
LONGEST = timedelta(days=30)
MUTE_STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

Listener = Callable[[Sequence[Sanction]], None]


class Sanctions:
    """One a process."""

    def __init__(self, records: Records, clock: Clock = now_ms) -> None:
        self.records = records
        self.clock = clock
        self.background = Background()
        self.gate = asyncio.Lock()
        self.coming: asyncio.Task[None] | None = None
        self.listeners: list[Listener] = []
        self.rows: dict[int, Sanction] = {}
        self.unwritten: list[Sanction] = []
        self.completed: list[Sanction] = []
        self.read_at = self.read_all_at = EPOCH
        self._index()

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.background.rounds:
            self.background.later(self.sync())
            self.background.every(ROUND_S, self.sync)

    def listen(self, listener: Listener) -> None:
        """It is called with what is newly in force, whoever imposed it."""
        self.listeners.append(listener)

    # ---- Answers -----------------------------------------------------------------------------

    def banned(self, person_id: str, device: str = "") -> Sanction | None:
        """The ban in force, of the person's and of the device's the one that ends last."""
        return self._longest(self.bans, person_id, device)

    def muted(self, person_id: str, device: str = "") -> Sanction | None:
        """The same for mutes."""
        return self._longest(self.mutes, person_id, device)

    def slowed(self, origin: str) -> bool:
        """Whether somebody of this network, by its digest of today, is banned."""
        return self._in_force(self.origins, origin) is not None

    def refuse_banned(self, person_id: str, device: str = "") -> None:
        """Raises Refused: `banned`."""
        if row := self.banned(person_id, device):
            raise self.refusal(row)

    def refuse_muted(self, person_id: str, device: str) -> None:
        """Raises Refused: `muted`."""
        if row := self.muted(person_id, device):
            raise self.refusal(row)

    def refusal(self, row: Sanction, *, rule: str | None = None) -> Refused:
        """What somebody is told of it."""
        reason = Reason(row.reason).label
        if row.kind == Sanction.Kind.BAN:
            return Refused("banned", reason=reason, until=row.until)
        wait_ms = (row.until - self._now()) // timedelta(milliseconds=1)
        return Refused(
            "muted",
            reason=reason,
            until=row.until,
            retry_after=max(1, seconds(wait_ms)),
            rule=rule,
        )

    def _longest(self, ends: dict[str, Sanction], *keys: str) -> Sanction | None:
        found = (self._in_force(ends, key) for key in keys)
        return max(filter(None, found), key=lambda row: row.until, default=None)

    def _in_force(self, ends: dict[str, Sanction], key: str) -> Sanction | None:
        row = ends.get(key)
        return row if row and row.until > self._now() else None

    # ---- Acts --------------------------------------------------------------------------------

    def impose(
        self,
        kind: Sanction.Kind,
        person_id: str,
        lasts: timedelta,
        reason: Reason,
        *,
        device: str = "",
        origin: str = "",
        by_id: int | None = None,
        note: str = "",
    ) -> Sanction:
        """Holds at once here, and everywhere once its row is written."""
        now = self._now()
        row = Sanction(
            kind=kind,
            person_id=person_id,
            device=device,
            origin=origin,
            reason=reason,
            made=now,
            until=now + min(lasts, LONGEST),
            by_id=by_id,
            note=note,
        )
        self.unwritten.append(row)
        del self.unwritten[:-UNWRITTEN_MAX]
        self._hold(row)
        self._tell([row])
        if self.background.rounds:
            self._next()
        return row

    def escalate_mute(self, person_id: str, device: str = "") -> Sanction:
        """Mutes somebody who was refused again and again: 5 minutes, then 15, then an hour."""
        earlier = max(self.earlier[person_id], self.earlier[device] if device else 0)
        lasts = MUTE_STEPS[min(earlier, len(MUTE_STEPS) - 1)]
        return self.impose(Sanction.Kind.MUTE, person_id, lasts, Reason.SPAM, device=device)

    def complete(self, row: Sanction, device: str, origin: str) -> None:
        """What a ban that names only a person is about besides, as far as that is known."""
        if not device and not origin:
            return
        row.device, row.origin = device, origin
        self.completed.append(row)
        del self.completed[:-UNWRITTEN_MAX]
        self._hold(row)
        self._tell([row])

    # ---- Rounds ------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Writes what was imposed here, and reads what changed anywhere before the call."""
        await asyncio.shield(self._next())

    async def sync_briefly(self) -> None:
        """The same, for a second at most: what another process acts upon may not be known here."""
        if self.background.rounds:
            await asyncio.wait({self._next()}, timeout=NEWS_S)

    def _next(self) -> asyncio.Task[None]:
        """One for all who ask, behind the one under way: that may have read before they did."""
        if self.coming is None:
            self.coming = self.background.later(self._exchange())
        return self.coming

    async def _exchange(self) -> None:
        async with self.gate:
            self.coming = None
            try:
                await self._write()
            finally:
                await self._read()

    async def _write(self) -> None:
        if writing := [*self.unwritten]:
            for row, pk in zip(writing, await self.records.run(write, writing), strict=True):
                row.pk = pk
                self.rows[pk] = row
            self.unwritten = [row for row in self.unwritten if row.pk is None]
        if completing := [*self.completed]:
            await self.records.run(write_completed, completing)
            self.completed = [row for row in self.completed if row not in completing]

    async def _read(self) -> None:
        now = self._now()
        everything = now - self.read_all_at >= REREAD
        since = EPOCH if everything else self.read_at - OVERLAP
        found = await self.records.run(read, now - REMEMBERED, since, max(self.rows, default=0))
        self.read_at = now
        if everything:
            self.read_all_at = now
            self._take({row.pk: row for row in found})
        elif found:
            self._take(self.rows | {row.pk: row for row in found})

    def _take(self, rows: dict[int, Sanction]) -> None:
        now = self._now()
        known = {(row.pk, row.device) for row in self.rows.values()}
        self.rows = {
            pk: row
            for pk, row in rows.items()
            if row.lifted is None and row.until > now - REMEMBERED
        }
        self._index()
        in_force = (row for row in self.rows.values() if row.until > now)
        self._tell([row for row in in_force if (row.pk, row.device) not in known])

    def _tell(self, news: Sequence[Sanction]) -> None:
        if news:
            for listener in self.listeners:
                listener(news)

    # ---- By whom -----------------------------------------------------------------------------

    def _index(self) -> None:
        """By person, device and network what ends last; and how many mutes somebody had."""
        self.bans: dict[str, Sanction] = {}
        self.mutes: dict[str, Sanction] = {}
        self.origins: dict[str, Sanction] = {}
        self.earlier: Counter[str] = Counter()
        for row in (*self.rows.values(), *self.unwritten):
            self._hold(row)

    def _hold(self, row: Sanction) -> None:
        if row.kind == Sanction.Kind.MUTE:
            self.earlier.update(filter(None, (row.person_id, row.device)))
            outlast(self.mutes, row.person_id, row)
            outlast(self.mutes, row.device, row)
            return
        outlast(self.bans, row.person_id, row)
        outlast(self.bans, row.device, row)
        outlast(self.origins, row.origin, row)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1000, UTC)


def outlast(ends: dict[str, Sanction], key: str, row: Sanction) -> None:
    if key and row.until >= ends.setdefault(key, row).until:
        ends[key] = row


# ---- In the records' thread ------------------------------------------------------------------


def write(rows: Iterable[Sanction]) -> list[int]:
    """Their keys. Copies are written: of a write that fails nobody knows how far it went."""
    return [row.pk for row in Sanction.objects.bulk_create(map(copy, rows))]


def write_completed(rows: Iterable[Sanction]) -> None:
    for row in rows:
        unknown = Sanction.objects.filter(pk=row.pk, device="", origin="")
        unknown.update(device=row.device, origin=row.origin, changed=timezone.now())


def read(ending: datetime, since: datetime, newest: int) -> list[Sanction]:
    """What is new, and what was written since, lifted or not; all of it since EPOCH."""
    rows = Sanction.objects.filter(until__gt=ending)
    if since == EPOCH:
        return [*rows.filter(lifted=None)]
    return [*rows.filter(Q(changed__gt=since) | Q(pk__gt=newest))]
