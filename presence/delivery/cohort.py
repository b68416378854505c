"""The sockets of one place and form: they are sent the same frames."""

import asyncio
from collections.abc import Collection

from neartalk.server import Backlog
from presence.delivery.cohort_listing import CohortListing
from presence.delivery.frames import Form, Frame
from presence.delivery.messages import Labelled, OutgoingRetraction
from presence.delivery.multicast import Recipients, broadcast
from presence.delivery.sockets import Socket
from presence.geo import tiles_within
from presence.roster import Nearby
from presence.values import Place


class Cohort:
    """The sockets of everyone at one place who read one form.

    Those who have read history are `live`. They are sent the same bytes as `recipients`, except the
    `filtered`, for whom messages are chosen one by one. `pending` are the messages that the next
    write of the coalescer sends.

    `came_ms` is when any of them was last told of somebody who had come, by the store's clock.
    `listing` is whom it was last sent, at `people_at_s`. All who are live follow it except those
    `apart`, to whom changes are told one by one.
    """

    __slots__ = (
        "apart",
        "backlog",
        "came_ms",
        "filtered",
        "form",
        "joining",
        "listing",
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
        self.listing = CohortListing(Nearby(place, (), {}), 0)
        self.apart: set[Socket] = set()
        self.people_at_s = 0.0
        self.came_ms = 0
        self.people_timer: asyncio.TimerHandle | None = None

    def add(self, socket: Socket) -> None:
        """The socket is live: it is sent every message from now on, and apart until it follows."""
        self.joining.discard(socket)
        self.live.add(socket)
        self.apart.add(socket)
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
        self.apart.discard(socket)

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

    def unaware_of(self, retraction: OutgoingRetraction) -> set[Socket]:
        """Those who are live and were never shown what is retracted."""
        return {socket for socket in self.live if not socket.shows(retraction)}

    def hold_gone(self, retraction: OutgoingRetraction) -> None:
        """Those who still read history are told of it afterwards."""
        for socket in self.joining:
            socket.hold_gone(retraction)

    def write(self, frame: Frame, but: Collection[Socket] = ()) -> None:
        """Writes a frame to all who are live except these."""
        broadcast([(self.recipients_but(but), frame)], self.backlog)

    def recipients_but(self, but: Collection[Socket]) -> Recipients:
        """The connections of all who are live except these."""
        recipients = Recipients()
        recipients.update(self.recipients)
        for socket in self.filtered:
            recipients.add(socket.connection)
        for socket in but:
            recipients.discard(socket.connection)
        return recipients

    def close(self) -> None:
        """Cancels the timer of its people frame."""
        if self.people_timer:
            self.people_timer.cancel()
