"""Messages on their way to sockets: what is needed to judge who receives them, and their frames."""

from collections.abc import Iterable
from typing import Protocol

from presence.delivery.frames import Form, Frame, rows
from presence.values import Place


class Authored(Protocol):
    """What decides who may receive a message, or what is told of it: its author, when and where."""

    @property
    def person_id(self) -> str: ...
    @property
    def sent_ms(self) -> int: ...
    @property
    def place(self) -> Place: ...


class OutgoingMessage(Authored, Protocol):
    """A message as the hub sends it, and its rows."""

    @property
    def id(self) -> str: ...
    def row(self, form: Form, label_m: int | None) -> str: ...


class OutgoingRetraction(Authored, Protocol):
    """A message was removed: its id."""

    @property
    def removed_id(self) -> str: ...


class OutgoingNote(Authored, Protocol):
    """What is told of a message to those who hear it. `complete` says whether there is one for
    those from whom some are hidden."""

    @property
    def id(self) -> str: ...
    @property
    def complete(self) -> bool: ...
    def row(self, form: Form, hidden: frozenset[str] = ...) -> str: ...


# A message with the metres of the label of the distance from which a cohort receives it; None for
# one that was said before its reader was there.
Labelled = tuple[OutgoingMessage, int | None]


def messages_frame(form: Form, messages: Iterable[Labelled]) -> Frame:
    """One frame with these messages."""
    return rows(form, [message.row(form, far) for message, far in messages])
