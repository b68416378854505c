"""The sanctions of a process by whom they are about: answers from memory."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from neartalk.models import Sanction

Latest = dict[str, Sanction]


class SanctionIndex:
    """By person, device and network the sanction that ends last, and of a network also that of each
    person; and how many mutes each had."""

    def __init__(self, rows: Iterable[Sanction] = ()) -> None:
        self.bans: Latest = {}
        self.mutes: Latest = {}
        self.origins: Latest = {}
        self.people: dict[str, Latest] = {}
        self.earlier: Counter[str] = Counter()
        for row in rows:
            self.add(row)

    def add(self, row: Sanction) -> None:
        if row.kind == Sanction.Kind.MUTE:
            self.earlier.update(filter(None, (row.person_id, row.device)))
            keep_latest(self.mutes, row.person_id, row)
            keep_latest(self.mutes, row.device, row)
        elif row.kind == Sanction.Kind.BAN:
            self._add_ban(row)

    def _add_ban(self, row: Sanction) -> None:
        keep_latest(self.bans, row.person_id, row)
        keep_latest(self.bans, row.device, row)
        keep_latest(self.origins, row.origin, row)
        if row.origin:
            keep_latest(self.people.setdefault(row.origin, {}), row.person_id, row)

    def banned_of(self, origin: str, now: datetime) -> int:
        """How many people of a network a ban in force is against."""
        return sum(row.until > now for row in self.people.get(origin, {}).values())

    def earlier_mutes(self, person_id: str, device: str) -> int:
        return max(self.earlier[person_id], self.earlier[device] if device else 0)


def longest(rows: Latest, now: datetime, *keys: str) -> Sanction | None:
    """Of the sanctions in force against any of the keys, the one that ends last."""
    found = (row for row in map(rows.get, keys) if row and row.until > now)
    return max(found, key=lambda row: row.until, default=None)


def keep_latest(rows: Latest, key: str, row: Sanction) -> None:
    if key and row.until >= rows.setdefault(key, row).until:
        rows[key] = row
