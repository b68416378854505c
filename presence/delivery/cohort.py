"""The sockets of one cell, radius and form: they are sent the same frames."""

import asyncio
from collections.abc import Collection

from neartalk.server import Backlog
from presence.delivery.frames import Form, Frame
from presence.delivery.messages import Labelled, OutgoingRetraction
from presence.delivery.multicast import Recipients, broadcast
from presence.delivery.sockets import Socket
from presence.geo import tiles_within
from presence.values import Place


class Cohort:
    """The sockets of everyone in one cell with one radius who read one form.

    Those who have read history are `live`. They are sent the same bytes as `recipients`, except the
    `filtered`, for whom messages are chosen one by one. `pending` are the messages that the next
    write of the coalescer sends. `people_at_s` is when people were last sent, `drawn` how often.
    """

    __slots__ = (
        "backlog",
        "drawn",
        "filtered",
        "form",
        "joining",
        "live",
        "pending",
        "people_at_s",
        "people_timer",
        "place",
        "recipients",
        "tiles",
    )

    def __init__(self, place: Place, form: Form, backlog: Backlog) -> None:
        self.place = place
        self.form = form
        self.backlog = backlog
        self.tiles = tiles_within(place.cell, place.radius_m)
        self.live: set[Socket] = set()
        self.recipients = Recipients()
        self.filtered: set[Socket] = set()
        self.joining: set[Socket] = set()
        self.pending: tuple[Labelled, ...] = ()
        self.people_at_s, self.drawn = 0.0, 0
        self.people_timer: asyncio.TimerHandle | None = None

    def add(self, socket: Socket) -> None:
        """The socket is live: it is sent every message from now on."""
        self.joining.discard(socket)
        self.live.add(socket)
        if socket.filtered:
            self.filtered.add(socket)
        else:
            self.recipients.add(socket.connection)

    def filter(self, socket: Socket) -> None:
        """Messages for a live socket are chosen one by one from now on, the pending ones too."""
        if socket in self.live:
            self.recipients.discard(socket.connection)
            self.filtered.add(socket)

    def discard(self, socket: Socket) -> None:
        """Removes a socket. Messages that are pending no longer reach it: flush them before."""
        self.live.discard(socket)
        self.recipients.discard(socket.connection)
        self.filtered.discard(socket)
        self.joining.discard(socket)

    def enqueue(self, messages: tuple[Labelled, ...]) -> bool:
        """Adds messages to what is pending. True if anybody is live to be sent them.

        Sockets that still read history hold them; one that holds too many is given up.
        """
        for socket in self.joining:
            if socket.hold(messages):
                self.backlog.dropped["arriving"] += 1
                socket.connection.drop()
        if not self.live:
            return False
        self.pending += messages
        return True

    def retract(self, retraction: OutgoingRetraction, gone: Frame) -> None:
        """Writes that a message is gone. What is pending must have been flushed before."""
        unaware = [socket for socket in self.filtered if not socket.may_receive(retraction)]
        self.write(gone, but=unaware)
        for socket in self.joining:
            socket.hold_gone(retraction)

    def write(self, frame: Frame, but: Collection[Socket] = ()) -> None:
        """Writes a frame to all who are live except these."""
        recipients = Recipients()
        recipients.update(self.recipients)
        for socket in self.filtered:
            recipients.add(socket.connection)
        for socket in but:
            recipients.discard(socket.connection)
        broadcast([(recipients, frame)], self.backlog)

    def close(self) -> None:
        """Cancels the timer of its people frame."""
        if self.people_timer:
            self.people_timer.cancel()
