"""A message as its readers see it: one row for each distance label, rendered once."""

import math

from chat.history import life_ms
from chat.messages import Message
from presence.frames import Form, dumps, fragment
from presence.names import colour, tag
from presence.people import Place

MINUTE_MS = 60_000
AGE_STEPS = 6


class Said:
    """A message on its way to readers. `now_ms` is the store's clock, by which its age is told."""

    __slots__ = ("id", "message", "now_ms", "rows")

    def __init__(self, message: Message, now_ms: int) -> None:
        self.message = message
        self.id = message.id
        self.now_ms = now_ms
        self.rows: dict[tuple[Form, str, bool], str] = {}

    @property
    def person_id(self) -> str:
        return self.message.person_id

    @property
    def place(self) -> Place:
        return self.message.place

    @property
    def expires_at(self) -> int:
        return self.message.at.ms + life_ms()

    def row(self, form: Form, label: str, *, mine: bool) -> str:
        key = (form, label, mine)
        if key not in self.rows:
            draw = self._html if form is Form.HTML else self._json
            self.rows[key] = draw(label, mine)
        return self.rows[key]

    def fields(self, label: str) -> dict[str, str | int]:
        """The message as JSON clients get it."""
        return {
            "id": self.id,
            "person_id": self.message.person_id,
            "username": self.message.name,
            "text": self.message.text,
            "distance": label,
            "sent_at": self.message.at.ms,
            "expires_at": self.expires_at,
        }

    def _json(self, label: str, mine: bool) -> str:
        return dumps({"type": "chat.message", **self.fields(label)})

    def _html(self, label: str, mine: bool) -> str:
        message = self.message
        left_ms = max(1, self.expires_at - self.now_ms)
        shown = {
            "id": self.id,
            "person_id": message.person_id,
            "name": message.name,
            "initial": message.name[:1].upper(),
            "tag": tag(message.person_id),
            "colour": colour(message.person_id),
            "text": message.text,
            "distance": label,
            "sent_at": message.at.ms,
            "expires_at": self.expires_at,
            "minutes": min(30, math.ceil(left_ms / MINUTE_MS)),
            "age": min(
                AGE_STEPS - 1, max(0, AGE_STEPS - math.ceil(left_ms / life_ms() * AGE_STEPS))
            ),
            "mine": mine,
        }
        return fragment("_message.html", {"message": shown})
