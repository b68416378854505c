"""Pure: what somebody is told by a push."""

import json
from dataclasses import dataclass
from enum import StrEnum

from presence.values import Place

# What stands on a lock screen; nothing of it makes a push longer than all are.
TEXT_BYTES = 600
NAME_BYTES = 200


class NoticeKind(StrEnum):
    REPLY = "reply"
    MENTION = "mention"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Notice:
    """Of one person to another, who is away: of a message by its public id, or without one.

    `place` is where the one stands: whoever is out of range is told nothing. `ends_ms` is when the
    message ends, by the store's clock.
    """

    kind: NoticeKind
    to: str
    by: str
    name: str
    place: Place
    message_id: str = ""
    text: str = ""
    ends_ms: int = 0

    def payload(self, *, with_text: bool) -> bytes:
        """What leaves: who, what kind, which message, and the text only where that was chosen."""
        told = {"kind": self.kind, "name": cut(self.name, NAME_BYTES)}
        if self.message_id:
            told["id"] = self.message_id
        if with_text and self.text:
            told["text"] = cut(self.text, TEXT_BYTES)
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def cut(text: str, most: int) -> str:
    """As much of a text as takes so many octets in JSON at most, whatever it is made of."""
    while len(json.dumps(text, ensure_ascii=False).encode()) > most:
        text = text[: len(text) * 9 // 10]
    return text
