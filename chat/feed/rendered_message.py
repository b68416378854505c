"""A message as its readers see it: one row for each distance, rendered once for all.

Its author is sent the same one: a page knows its own. A row speaks no language. Its id begins with
its time, so it tells no other, and nothing in it grows old: labels, times and rings are made by the
page.
"""

from functools import cache, lru_cache
from html import escape
from typing import Any

from chat.history import life_ms
from chat.messages import Message
from presence import names
from presence.delivery import Compiled, Form, compile_template, dumps, placeholder, render
from presence.geo import label_of
from presence.values import Place, Session

# Stand where the label and its metres belong. Noncharacters: neither names nor texts hold them
# (neartalk.text).
LABEL, METRES = "\ufdd0", "\ufdd1"
# The label of what was said before its reader was where they are.
EARLIER = "earlier, near here"
FIELDS = str.split("id person_id name tag colour text metres refers")

colour, tag = lru_cache(20_000)(names.colour), lru_cache(20_000)(names.tag)


@cache
def compiled_row() -> Compiled:
    placeholders = {name: placeholder(name) for name in FIELDS}
    return compile_template("_message.html", {"message": placeholders})


def words_of(label_m: int | None) -> str:
    return EARLIER if label_m is None else label_of(label_m)


def heard_m(message: Message, session: Session) -> int | None:
    """The metres of the label under which a person reads a message; None for what was said before
    they were in their cell: whoever could read the past from several places would learn from where
    somebody spoke who has left."""
    if not session.in_cell_at(message.at.ms):
        return None
    return session.person.place.label_m(message.place)


class RenderedMessage:
    """A message on its way to readers, and its rows by form and metres."""

    __slots__ = ("at", "expires_at", "id", "message", "rows")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.at = message.at
        self.id = message.id
        self.expires_at = message.at.ms + life_ms()
        self.rows: dict[tuple[Form, int | None], str] = {}

    @property
    def person_id(self) -> str:
        return self.message.person_id

    @property
    def sent_ms(self) -> int:
        return self.at.ms

    @property
    def place(self) -> Place:
        return self.message.place

    def row(self, form: Form, label_m: int | None) -> str:
        """The message in a form, at the metres of a label; None is earlier. Rendered once for all
        labels."""
        key = (form, label_m)
        if key not in self.rows:
            blank = (form, -1)
            if blank not in self.rows:
                self.rows[blank] = self._html() if form is Form.HTML else self._json()
            row = self.rows[blank].replace(LABEL, words_of(label_m))
            nothing = "" if form is Form.HTML else "null"
            metres = nothing if label_m is None else str(label_m)
            self.rows[key] = row.replace(METRES, metres)
        return self.rows[key]

    def fields(self, label_m: int | None) -> dict[str, Any]:
        """The message as JSON clients are sent it."""
        return {**self._fields(words_of(label_m)), "metres": label_m}

    def _fields(self, distance: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "id": self.id,
            "person_id": self.message.person_id,
            "username": self.message.name,
            "text": self.message.text,
            "sent_at": self.message.at.ms,
            "expires_at": self.expires_at,
            "distance": distance,
        }
        if self.message.reply_to:
            fields["reply_to"] = self.message.reply_to
        if self.message.mentions:
            fields["mentions"] = [*self.message.mentions]
        return fields

    def _json(self) -> str:
        return f'{dumps({"type": "chat.message", **self._fields(LABEL)})[:-1]},"metres":{METRES}}}'

    def _html(self) -> str:
        message = self.message
        values = {
            "id": self.id,
            "person_id": message.person_id,
            "name": escape(message.name),
            "tag": tag(message.person_id),
            "colour": str(colour(message.person_id)),
            "text": escape(message.text),
            "metres": METRES,
            "refers": refers(message),
        }
        return render(compiled_row(), values)


def refers(message: Message) -> str:
    """The attributes of a row that name what a message answers, and whom it mentions."""
    reply = f' data-re="{message.reply_to}"' if message.reply_to else ""
    return f'{reply} data-at="{" ".join(message.mentions)}"' if message.mentions else reply
