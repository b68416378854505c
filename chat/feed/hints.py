"""An entry on its way to other processes, as the channel layer carries it."""

from typing import Any

from chat.messages import Entry, Message, Reacted, Retraction, StreamId, entry_of, to_fields


def to_hint(entry: Message | Retraction | Reacted, previous: StreamId) -> dict[str, Any]:
    """An entry as it stands in history, with the id before it in its tile."""
    return {
        "type": "chat.said",
        "at": str(entry.at),
        "previous": str(previous),
        "fields": to_fields(entry),
    }


def from_hint(hint: dict[str, Any]) -> tuple[Entry, StreamId]:
    """The entry of a hint, and the id before it."""
    return entry_of(hint["at"], hint["fields"]), StreamId.parse(hint["previous"])
