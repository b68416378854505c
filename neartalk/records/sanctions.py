"""Who may not speak, or not come: answers from memory, and what is imposed.

Answers never wait. What is imposed here is in force at once and is written beside.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from neartalk.clock import Clock, now_ms
from neartalk.codes import Refused
from neartalk.limits import seconds
from neartalk.models import Reason, Sanction
from neartalk.records.rounds import Records
from neartalk.records.sanction_index import SanctionIndex, longest
from neartalk.records.sanction_sync import SanctionSync

LONGEST = timedelta(days=30)
MUTE_STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

Listener = Callable[[Sequence[Sanction]], None]


class Sanctions:
    """One a process."""

    def __init__(self, records: Records, clock: Clock = now_ms) -> None:
        self.clock = clock
        self.index = SanctionIndex()
        self.sync = SanctionSync(records.database, clock, self._reindex)
        self.listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """It is called with what is newly in force, whoever imposed it."""
        self.listeners.append(listener)

    # ---- Answers -----------------------------------------------------------------------------

    def banned(self, person_id: str, device: str = "") -> Sanction | None:
        """The ban in force against a person or a device, the one that ends last."""
        return longest(self.index.bans, self._now(), person_id, device)

    def muted(self, person_id: str, device: str = "") -> Sanction | None:
        """The mute in force against a person or a device, the one that ends last."""
        return longest(self.index.mutes, self._now(), person_id, device)

    def slowed(self, origin: str) -> bool:
        """Whether somebody of this network, by its digest of today, is banned."""
        return longest(self.index.origins, self._now(), origin) is not None

    def banned_of(self, origin: str) -> int:
        """How many people of this network, by its digest of today, are banned."""
        return self.index.banned_of(origin, self._now())

    def refuse_banned(self, person_id: str, device: str = "") -> None:
        """Raises Refused: `banned`."""
        if row := self.banned(person_id, device):
            raise self.refusal(row)

    def refuse_muted(self, person_id: str, device: str) -> None:
        """Raises Refused: `muted`."""
        if row := self.muted(person_id, device):
            raise self.refusal(row)

    def refusal(self, row: Sanction, *, rule: str | None = None) -> Refused:
        """The refusal that a person gets because of a sanction."""
        # Processes of a newer release may know more of them.
        reason = dict(Reason.choices).get(row.reason, Reason.OTHER.label)
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
        """A new sanction: in force here at once, and everywhere once its row is written."""
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
        self.sync.add(row)
        self._apply([row])
        return row

    def escalate_mute(self, person_id: str, device: str = "") -> Sanction:
        """Mutes somebody who was refused again and again: 5 minutes, then 15, then an hour."""
        earlier = self.index.earlier_mutes(person_id, device)
        lasts = MUTE_STEPS[min(earlier, len(MUTE_STEPS) - 1)]
        return self.impose(Sanction.Kind.MUTE, person_id, lasts, Reason.SPAM, device=device)

    def complete(self, row: Sanction, device: str, origin: str) -> None:
        """Adds the device and network to a ban that names only a person, `""` where unknown."""
        if not device and not origin:
            return
        row.device, row.origin = device, origin
        self.sync.complete(row)
        self._apply([row])

    # ---- What is in force --------------------------------------------------------------------

    def _apply(self, rows: Sequence[Sanction]) -> None:
        for row in rows:
            self.index.add(row)
        self._notify(rows)

    def _reindex(self, new: Sequence[Sanction]) -> None:
        self.index = SanctionIndex((*self.sync.rows.values(), *self.sync.unwritten))
        self._notify(new)

    def _notify(self, rows: Sequence[Sanction]) -> None:
        if rows:
            for listener in self.listeners:
                listener(rows)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1000, UTC)
