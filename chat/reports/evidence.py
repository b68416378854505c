"""The server's own copy of a conversation, for a report, and the seal on it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from chat.feed import RenderedMessage
from chat.history import History
from chat.messages import Message, next_id, stream_id_of
from presence.geo import Tile

EARLIER_MAX = 5
# So many messages of their own a reporter may add.
ANSWERS_MAX = 5
# The newest of each tile, so many in all, are searched for the earlier messages.
SEARCHED_MAX = 4_000


async def find_message(
    history: History, tiles: Iterable[Tile], message_id: str, person_id: str
) -> RenderedMessage | None:
    """This message of this person, if it is alive. Raises Refused: `store-unavailable`."""
    at = stream_id_of(message_id)
    if at is None:
        return None
    asked = dict.fromkeys(tiles, next_id(at))
    reading = await history.page(asked, dict.fromkeys(asked, at.ms), 1)
    wanted = message_id, person_id
    for entries in reading.entries.values():
        for entry in entries:
            if isinstance(entry, Message) and (entry.id, entry.person_id) == wanted:
                return RenderedMessage(entry)
    return None


async def collect_evidence(
    history: History, tiles: Iterable[Tile], message: RenderedMessage
) -> list[dict[str, Any]]:
    """The message and up to EARLIER_MAX before it by the same person, oldest first.

    Raises Refused: `store-unavailable`.
    """
    below = dict.fromkeys({*tiles, message.message.tile}, message.at)
    reading = await history.page(below, {}, max(1, SEARCHED_MAX // len(below)))
    earlier = [
        entry
        for entries in reading.entries.values()
        for entry in entries
        if isinstance(entry, Message) and entry.person_id == message.person_id
    ]
    earlier.sort(key=lambda one: one.at)
    return [
        {"id": one.id, "sent_at": one.at.ms, "name": one.name, "text": one.text}
        for one in (*earlier[-EARLIER_MAX:], message.message)
    ]


async def collect_answers(
    history: History, tiles: Iterable[Tile], ids: Iterable[str], reporter_id: str
) -> list[dict[str, Any]]:
    """Messages of the reporter that they add themselves, oldest first and without a name: those of
    these ids that are theirs and alive, and nobody else's.

    Raises Refused: `store-unavailable`.
    """
    asked = [await find_message(history, tiles, one, reporter_id) for one in {*ids}]
    own = sorted((one.message for one in asked if one), key=lambda one: one.at)
    return [
        {"id": one.id, "sent_at": one.at.ms, "name": "", "text": one.text, "by_reporter": True}
        for one in own
    ]


def seal_of(evidence: Any) -> str:
    """The SHA-256 of its canonical JSON, in hexadecimal."""
    return hashlib.sha256(
        json.dumps(evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
