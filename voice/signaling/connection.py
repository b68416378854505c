"""One socket of `/signal`, with what this process knows of it besides its caller."""

import asyncio
from collections.abc import Mapping
from typing import Any

from neartalk.codes import Refused
from presence.delivery import Connection, Form, Frame, dumps, refusal
from presence.values import Session
from voice.callers import District, DoorState


class SignalingConnection:
    """A socket by which somebody may be in voice.

    `instance`, `direct` and `door` are what its client joined with, or what it turned its door to
    since; `instance` is "" until it joined. `muted` is what it said last of its microphone, None
    until then.
    `crowd` is how many were on its last peer list, or beyond it.
    `version` is that of its caller when this process published it last, 0 until then. `districts`
    are those whose callers it is shown. `list_hash` and `listed_at_s` are those of the last peer
    list; `timer` makes the next one due at `due_s`.
    """

    def __init__(self, session: Session, connection: Connection) -> None:
        self.session = session
        self.connection = connection
        self.instance = ""
        self.direct = False
        self.door = DoorState.ASK
        self.muted: bool | None = None
        self.version = 0
        # Whom its person was in a call with, as far as it was told; whose call went missing without
        # a word by the last round; and whose end a round told.
        self.calls: set[str] = set()
        self.missing: set[str] = set()
        self.ended: set[str] = set()
        self.districts: frozenset[District] = frozenset()
        self.crowd = 0
        self.list_hash = 0
        self.listed_at_s = 0.0
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

    def refuse(self, refused: Refused) -> None:
        self.write(refusal(Form.JSON, refused, self.connection.language))

    def close(self, code: int) -> None:
        self.connection.close(code)

    def send(self, fields: Mapping[str, Any]) -> None:
        self.write(Frame(dumps(fields)))

    def send_list(self, frame: Frame) -> None:
        """Writes the peer list, unless it is the same as the last one."""
        if hash(frame.text) != self.list_hash:
            self.list_hash = hash(frame.text)
            self.write(frame)

    def reset(self) -> None:
        """Its person is no longer in voice here; the socket may stay open."""
        self.instance, self.door, self.list_hash = "", DoorState.ASK, 0
        self.muted = None
        self.calls, self.missing, self.ended = set(), set(), set()
        if self.timer:
            self.timer.cancel()
            self.timer = None
