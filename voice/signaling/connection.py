"""One socket of `/signal`, and what is known of it besides its caller."""

import asyncio
from collections.abc import Mapping
from typing import Any

from presence.delivery import Connection, Frame, dumps
from presence.people import Session
from voice.callers import District


class Line:
    """`instance` and `direct` are what its client joined with, `""` until it did; `version` is that
    of its caller when it was published last, 0 until it was; `districts` are those it hears.
    """

    def __init__(self, session: Session, connection: Connection) -> None:
        self.session = session
        self.connection = connection
        self.instance = ""
        self.direct = False
        self.version = 0
        self.districts: frozenset[District] = frozenset()
        self.shown = 0  # a hash
        self.shown_at_s = 0.0
        self.due_s = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def person_id(self) -> str:
        return self.session.person.person_id

    @property
    def joined(self) -> bool:
        return bool(self.instance)

    def write(self, frame: Frame) -> None:
        self.connection.write(frame)

    def pass_on(self, fields: Mapping[str, Any]) -> None:
        self.write(Frame(dumps(fields)))

    def show(self, frame: Frame) -> None:
        """Writes the list of peers, if it differs from what was written before."""
        if hash(frame.text) != self.shown:
            self.shown = hash(frame.text)
            self.write(frame)

    def hang_up(self) -> None:
        """Its person is in voice no more, here."""
        self.instance, self.shown = "", 0
        if self.timer:
            self.timer.cancel()
            self.timer = None
