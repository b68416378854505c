"""A message as its readers see it: one row for each distance label, rendered once for all."""

import math
from functools import cache, lru_cache
from html import escape

from chat.history import life_ms
from chat.messages import Message
from neartalk import graphemes
from presence import names
from presence.delivery import Compiled, Form, compile_template, dumps, placeholder, render
from presence.values import Place

MINUTE_MS = 60_000
AGE_STEPS = 6
# Stands where the label belongs. A noncharacter: neither names nor texts hold it (neartalk.text).
BLANK = "\ufdd0"
FIELDS = str.split(
    "id person_id name initial tag colour text distance sent_at expires_at minutes age"
)

colour, tag = lru_cache(20_000)(names.colour), lru_cache(20_000)(names.tag)


@cache
def compiled_row(mine: bool) -> Compiled:
    """A message as its author sees it, or as all others do."""
    placeholders = {name: placeholder(name) for name in FIELDS}
    return compile_template("_message.html", {"message": {**placeholders, "mine": mine}})


class RenderedMessage:
    """A message on its way to readers, and its rows as they are in this minute of its life.

    `now_ms` is the store's clock, by which its age is shown.
    """

    __slots__ = ("at", "expires_at", "id", "left_ms", "message", "minutes", "rows")

    def __init__(self, message: Message, now_ms: int) -> None:
        self.message = message
        self.at = message.at
        self.id = message.id
        self.expires_at = message.at.ms + life_ms()
        self.minutes = 0
        self.refresh(now_ms)

    def refresh(self, now_ms: int) -> None:
        """Drops rows of an earlier minute: they show how many minutes are left."""
        self.left_ms = max(1, self.expires_at - now_ms)
        minutes = math.ceil(self.left_ms / MINUTE_MS)
        if minutes != self.minutes:
            self.minutes = minutes
            self.rows: dict[tuple[Form, str, bool], str] = {}

    @property
    def person_id(self) -> str:
        return self.message.person_id

    @property
    def sent_ms(self) -> int:
        return self.at.ms

    @property
    def place(self) -> Place:
        return self.message.place

    def row(self, form: Form, label: str, *, mine: bool) -> str:
        """The message in a form, with a label. Rendered once for all labels."""
        key = (form, label, mine)
        if key not in self.rows:
            blank = (form, BLANK, mine)
            if blank not in self.rows:
                self.rows[blank] = self._html(mine) if form is Form.HTML else self._json()
            self.rows[key] = self.rows[blank].replace(BLANK, label)
        return self.rows[key]

    def fields(self, label: str) -> dict[str, str | int]:
        """The message as JSON clients are sent it."""
        return {
            "id": self.id,
            "person_id": self.message.person_id,
            "username": self.message.name,
            "text": self.message.text,
            "distance": label,
            "sent_at": self.message.at.ms,
            "expires_at": self.expires_at,
        }

    def _json(self) -> str:
        return dumps({"type": "chat.message", **self.fields(BLANK)})

    def _html(self, mine: bool) -> str:
        message = self.message
        values = {
            "id": self.id,
            "person_id": message.person_id,
            "name": escape(message.name),
            "initial": escape(graphemes.initial(message.name)),
            "tag": tag(message.person_id),
            "colour": str(colour(message.person_id)),
            "text": escape(message.text),
            "distance": BLANK,
            "sent_at": str(message.at.ms),
            "expires_at": str(self.expires_at),
            "minutes": str(min(30, self.minutes)),
            "age": str(self._age_step()),
        }
        return render(compiled_row(mine), values)

    def _age_step(self) -> int:
        """How faded the message is: 0 for a fresh one, 5 at the end of its life."""
        spent = AGE_STEPS - math.ceil(self.left_ms / life_ms() * AGE_STEPS)
        return min(AGE_STEPS - 1, max(0, spent))
