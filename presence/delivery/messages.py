"""Messages on their way to sockets: what is needed to judge who receives them, and their frames."""

from collections.abc import Iterable
from typing import Protocol

from presence.delivery.frames import Form, Frame, rows
from presence.values import Place


class OutgoingMessage(Protocol):
    """A message as the hub sends it: what decides who may receive it, and its rows."""

    @property
    def id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def sent_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...
    def row(self, form: Form, label_m: int | None) -> str: ...


class OutgoingRetraction(Protocol):
    """A message was removed: its id, its author, when it was sent and where."""

    @property
    def removed_id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def sent_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...


# A message with the metres of the label of the distance from which a cohort receives it; None for
# one that was said before its reader was there.
Labelled = tuple[OutgoingMessage, int | None]


def messages_frame(form: Form, messages: Iterable[Labelled]) -> Frame:
    """One frame with these messages."""
    return rows(form, [message.row(form, far) for message, far in messages])
