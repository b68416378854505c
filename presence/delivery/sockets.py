"""One open socket of one person, and what it has been sent so far."""

import asyncio
from collections.abc import Iterable

from neartalk.codes import Refused
from presence.delivery.cohort_listing import CohortListing
from presence.delivery.connection import Connection
from presence.delivery.frames import Form, Frame, notes_frame, refusal
from presence.delivery.messages import Labelled, OutgoingMessage, OutgoingNote, OutgoingRetraction
from presence.past import is_shown
from presence.roster import NOBODY
from presence.values import Person, Place, Session

HELD_MAX = 2_000
# A peer that lives answers a ping every 20 s (`neartalk.server.keepalive`).
SILENT_S = 21.0


class Socket:
    """A socket, its session as it was last loaded, and the place it is subscribed to.

    `held` are messages that wait while the socket reads history; None once it is live.
    `entered` is the session as it was when the socket entered that place.
    `recent_places` are the places it was subscribed to before, oldest first.
    One that is `silent` is told of nobody who comes, and moves nowhere, until its peer gives a sign
    of life: whoever vanished need not linger for what they were told since. `came_ms` is when it
    was last told of somebody who had come, by the store's clock, while its cohort is told on; None
    where that says it.
    `listing` are the people that it was last sent, in `people_version`, which is 0 until it was
    sent any at its place; not kept while it follows its cohort, whose own are the same.
    `private` stands for the listing of its cohort where a block hides somebody in range: the one of
    a cohort in which they are not. All sockets of a person in one cohort have the same.
    `network` is the digest of the widest network that it was opened from. `ended` says that it was
    sent its end.
    """

    __slots__ = (
        "came_ms",
        "connection",
        "ended",
        "entered",
        "form",
        "held",
        "held_gone",
        "held_notes",
        "listing",
        "lock",
        "network",
        "people_version",
        "place",
        "private",
        "recent_places",
        "session",
        "silent",
    )

    def __init__(
        self, session: Session, form: Form, connection: Connection, network: str = ""
    ) -> None:
        self.session = session
        self.network = network
        self.form = form
        self.connection = connection
        self.place, self.entered = session.person.place, session
        self.held: list[Labelled] | None = []
        self.held_gone: list[str] = []
        self.held_notes: dict[str, OutgoingNote] = {}
        self.lock = asyncio.Lock()
        self.listing = NOBODY
        self.people_version = 0
        self.private: CohortListing | None = None
        self.came_ms: int | None = None
        self.silent = False
        self.ended = False
        self.recent_places: list[Place] = []

    @property
    def person(self) -> Person:
        return self.session.person

    @property
    def filtered(self) -> bool:
        """Whether a block stands between its person and anybody.

        Then each message and list for it is chosen by itself.
        """
        return bool(self.session.blocked or self.session.blocked_by)

    def note_silence(self) -> None:
        """Whether its peer may have vanished is seen every 2 s: any call costs."""
        self.silent = self.connection.quiet_s() > SILENT_S

    def may_receive(self, sent: OutgoingMessage | OutgoingRetraction | OutgoingNote) -> bool:
        return self.session.may_receive(sent.person_id, sent.sent_ms)

    def shows(self, sent: OutgoingRetraction | OutgoingNote) -> bool:
        """Whether the person may have been shown, where they are, what this is about."""
        near = is_shown(self.session, sent.place, sent.sent_ms)
        return near and self.may_receive(sent)

    def write(self, frame: Frame) -> None:
        """Never waits. A peer that does not read is given up by the server's backlog."""
        self.connection.write(frame)

    def hold(self, messages: Iterable[Labelled]) -> bool:
        """Holds messages while the socket reads history. True if it holds too many by now."""
        if self.held is None:
            return False
        self.held += messages
        return len(self.held) > HELD_MAX

    def hold_gone(self, retraction: OutgoingRetraction) -> None:
        """Holds a retraction while the socket reads history."""
        if self.shows(retraction):
            self.held_gone.append(retraction.removed_id)

    def hold_notes(self, notes: Iterable[OutgoingNote]) -> None:
        """Holds notes while the socket reads history: the last one about each message."""
        self.held_notes |= {one.id: one for one in notes if self.shows(one)}

    def write_notes(self, notes: Iterable[OutgoingNote]) -> int:
        """Writes what the person may be told of these; how many frames that were."""
        hidden = self.session.hidden
        rows = [one.row(self.form, hidden) for one in notes if one.complete or not hidden]
        if rows:
            self.write(notes_frame(self.form, rows))
        return bool(rows)

    def end(self, refused: Refused) -> None:
        """Writes the refusal, then closes with its close code."""
        self.ended = True
        self.write(refusal(self.form, refused, self.connection.language))
        self.connection.close(refused.row.close)
