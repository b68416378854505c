"""How Redis keeps a tile: its keys, and its entries as they are read. Nothing is on a disk.

Keys of a tile carry it as hash tag, so that a cluster keeps them together.
"""

from collections.abc import Mapping
from typing import Any

from chat.history.contract import Reading, life_ms
from chat.messages import Entry, Reacted, StreamId, UnknownEntry, entry_of, just_before
from neartalk.limits import Act
from neartalk.redis import named
from presence.geo import Tile


def stream_key(tile: Tile) -> str:
    return named(f"{{{tile}}}:history")


def refs_key(tile: Tile) -> str:
    return named(f"{{{tile}}}:refs")


def allowance_key(tile: Tile, act: Act) -> str:
    return named(f"{{{tile}}}:{act.rule}:{act.subject}")


def turn_key(tile: Tile, ref: str) -> str:
    """Holds when a person's message, which was refused, has its turn; `ref` names both."""
    return named(f"{{{tile}}}:turn:{ref}")


def gone_key(tile: Tile, message_id: str) -> str:
    """Holds whose message it was that was removed."""
    return named(f"{{{tile}}}:gone:{message_id}")


def choices_key(tile: Tile, at: StreamId) -> str:
    """Holds what everybody chose of the reactions to the message that stands there."""
    return named(f"{{{tile}}}:reactions:{at}")


def last_expired(now_ms: int) -> StreamId:
    """The greatest id of those whose life is over at `now_ms`."""
    return just_before(now_ms - life_ms() + 1)


def reading_of(now_ms: int, raw: Mapping[Tile, list[Any]]) -> Reading:
    """The entries of streams as Redis answers them, less those whose life is over by its clock."""
    expired = last_expired(now_ms)
    entries: dict[Tile, list[Entry]] = {
        tile: [
            alive(one, expired)
            for raw_id, fields in found
            if (one := entry_of(raw_id, fields)).at > expired
        ]
        for tile, found in raw.items()
    }
    return Reading(now_ms, entries)


def alive(entry: Entry, expired: StreamId) -> Entry:
    """An entry; of counts of a message whose life is over nothing but that one stood there."""
    if isinstance(entry, Reacted) and entry.sent <= expired:
        return UnknownEntry(entry.at, entry.tile)
    return entry
