"""This process's sockets by cell, radius and form: who is sent a message, and when it leaves.

The first message leaves at once; what follows within the window leaves together when it closes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from neartalk.codes import Refused
from neartalk.instruments import Instruments
from neartalk.server import Backlog
from presence.delivery.connection import OutgoingMessage, OutgoingRetraction, Socket
from presence.delivery.frames import Form, Frame, rows, signal, signals
from presence.delivery.recent_subscriptions import RecentSubscriptions
from presence.delivery.recipients import Recipients, broadcast
from presence.geo import Cell, Tile, label_of, tile_of, tiles_within
from presence.grid import Grid
from presence.people import Person, Place

WINDOW_S = 0.03
Labelled = tuple[OutgoingMessage, str]


class Coalescer:
    """Who was written to in the last 30 ms at most: what is said to them since waits until these
    are over. Cohorts that are sent the same at the same distance are written to in one pass.

    `sockets` are those of each person in this process. So many frames were written to a socket, and
    so many messages stood in them.
    """

    def __init__(self, sockets: Mapping[str, Collection[Socket]], backlog: Backlog) -> None:
        self.sockets = sockets
        self.backlog = backlog
        self.wrote: set[Cohort] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.frames = self.messages = 0

    def write(self, cohorts: Collection["Cohort"]) -> None:
        """Writes what is pending in these cohorts."""
        alike: dict[tuple[Form, tuple[Labelled, ...]], Recipients] = defaultdict(Recipients)
        for cohort in cohorts:
            recipients = alike[cohort.form, cohort.pending]
            recipients.update(cohort.recipients)
            for socket in cohort.guarded:
                if all(socket.may_receive(message) for message, _ in cohort.pending):
                    recipients.add(socket.connection)
                else:
                    self._write_allowed(socket, cohort.pending)
            cohort.pending = ()
        batches = []
        for (form, messages), recipients in alike.items():
            self._write_own(form, messages, recipients)
            if recipients:
                self._count(len(recipients), messages)
                batches.append((recipients, messages_frame(form, messages)))
        broadcast(batches, self.backlog)
        self.wrote.update(cohorts)
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(WINDOW_S, self._over)

    def _write_own(
        self, form: Form, messages: tuple[Labelled, ...], recipients: Recipients
    ) -> None:
        """Recipients who wrote some of it get a frame of their own, and are recipients no more."""
        for author in {message.person_id for message, _ in messages}:
            for socket in self.sockets.get(author, ()):
                if recipients.discard(socket.connection):
                    self._count(1, messages)
                    socket.write(messages_frame(form, messages, author))

    def _write_allowed(self, socket: Socket, messages: tuple[Labelled, ...]) -> None:
        """What of it a socket hears that is guarded."""
        if left := [one for one in messages if socket.may_receive(one[0])]:
            self._count(1, left)
            socket.write(messages_frame(socket.form, left, socket.person.person_id))

    def _count(self, sockets: int, messages: Collection[Labelled]) -> None:
        self.frames += sockets
        self.messages += sockets * len(messages)

    def _over(self) -> None:
        wrote, self.wrote, self.timer = self.wrote, set(), None
        if waiting := [cohort for cohort in wrote if cohort.pending]:
            self.write(waiting)


class Cohort:
    """The sockets of everyone in one cell with one radius who read one form. All who are `live`
    are sent the same bytes as `recipients`, less the `guarded`.
    """

    __slots__ = (
        "coalescer",
        "drawn",
        "form",
        "guarded",
        "joining",
        "live",
        "pending",
        "people_at_s",
        "people_timer",
        "place",
        "recipients",
        "tiles",
    )

    def __init__(self, place: Place, form: Form, coalescer: Coalescer) -> None:
        self.place = place
        self.form = form
        self.coalescer = coalescer
        self.tiles = tiles_within(place.cell, place.radius_m)
        self.live: set[Socket] = set()
        self.recipients = Recipients()
        self.guarded: set[Socket] = set()
        self.joining: set[Socket] = set()
        self.pending: tuple[Labelled, ...] = ()
        # When people were last shown here, and how often.
        self.people_at_s, self.drawn = 0.0, 0
        self.people_timer: asyncio.TimerHandle | None = None

    def add(self, socket: Socket) -> None:
        """From now on the socket hears everything as it is said."""
        self.joining.discard(socket)
        self.live.add(socket)
        if socket.guarded:
            self.guarded.add(socket)
        else:
            self.recipients.add(socket.connection)

    def guard(self, socket: Socket) -> None:
        """Somebody was blocked: also what is pending is chosen for it."""
        if socket in self.live:
            self.recipients.discard(socket.connection)
            self.guarded.add(socket)

    def discard(self, socket: Socket) -> None:
        if socket in self.live:
            self.flush()
            self.live.discard(socket)
            self.recipients.discard(socket.connection)
            self.guarded.discard(socket)
        self.joining.discard(socket)

    def enqueue(self, messages: tuple[Labelled, ...]) -> bool:
        """True if anybody is live: they are written to with the next write of the window."""
        for socket in self.joining:
            if socket.hold(messages):
                self.coalescer.backlog.dropped["arriving"] += 1
                socket.connection.give_up()
        if not self.live:
            return False
        self.pending += messages
        return True

    def retract(self, retraction: OutgoingRetraction, gone: Frame) -> None:
        """Takes a message back, after whatever was said before."""
        self.flush()
        self.write(
            gone, but=[socket for socket in self.guarded if not socket.may_receive(retraction)]
        )
        for socket in self.joining:
            socket.hold_gone(retraction)

    def write(self, frame: Frame, but: Collection[Socket] = ()) -> None:
        """A frame for all who are live, less a few."""
        recipients = Recipients()
        recipients.update(self.recipients)
        for socket in self.guarded:
            recipients.add(socket.connection)
        for socket in but:
            recipients.discard(socket.connection)
        broadcast([(recipients, frame)], self.coalescer.backlog)

    def flush(self) -> None:
        if self.pending:
            self.coalescer.write([self])

    def close(self) -> None:
        if self.people_timer:
            self.people_timer.cancel()


def messages_frame(form: Form, messages: Iterable[Labelled], mine: str = "") -> Frame:
    """Messages as recipients see them; those of the person `mine` as their author does."""
    return rows(
        form,
        (message.row(form, words, mine=message.person_id == mine) for message, words in messages),
    )


class Audience:
    """All cohorts of this process, and which of them reach a tile."""

    def __init__(self, backlog: Backlog, instruments: Instruments) -> None:
        self.instruments = instruments
        self.cohorts: dict[tuple[Place, Form], Cohort] = {}
        self.cells = Grid[list[Cohort]]()
        self.by_tile: dict[Tile, set[Cohort]] = {}
        self.sockets: dict[str, set[Socket]] = {}
        self.coalescer = Coalescer(self.sockets, backlog)
        self.recent = RecentSubscriptions()
        # Who hears a place where somebody spoke, by its tile, until a cohort near by comes or goes.
        self.recipients: dict[Tile, dict[Place, list[tuple[str, list[Cohort]]]]] = {}

    def all_sockets(self) -> Iterable[Socket]:
        for sockets in self.sockets.values():
            yield from sockets

    def sockets_of(self, person: Person) -> set[Socket]:
        return self.sockets.get(person.person_id, set())

    def locations(self) -> Iterable[tuple[str, Cell]]:
        """Everybody with a socket, once each, and where they are."""
        for person_id, sockets in self.sockets.items():
            yield person_id, next(iter(sockets)).place.cell

    def cohort_of(self, socket: Socket) -> Cohort | None:
        """Those who are sent the same, as far as it has entered."""
        return self.cohorts.get((socket.place, socket.form))

    def enter(self, socket: Socket) -> Cohort:
        """The socket begins to hear its place; until it settles, what it hears is held."""
        self.sockets.setdefault(socket.person.person_id, set()).add(socket)
        socket.place, socket.held, socket.held_gone = socket.person.place, [], []
        cohort = self.cohort_of(socket) or self._begin(socket.place, socket.form)
        self.recent.forget(socket, socket.place)
        cohort.joining.add(socket)
        return cohort

    def move(self, socket: Socket) -> None:
        """To where its person is now. What it was shown where it was may still be taken back."""
        self.leave(socket)
        self.recent.add(socket, socket.place)
        self.enter(socket)

    def settle(self, socket: Socket, seen: set[str]) -> None:
        """The socket has read history (`seen`: ids): what it held follows, then everything live."""
        cohort = self.cohorts[socket.place, socket.form]
        cohort.flush()
        held = [
            (message, words)
            for message, words in socket.held or ()
            if message.id not in seen and socket.may_receive(message)
        ]
        if held:
            socket.write(messages_frame(socket.form, held, socket.person.person_id))
        if socket.held_gone:
            socket.write(signal(socket.form, "gone", ids=socket.held_gone))
        socket.held, socket.held_gone = None, []
        cohort.add(socket)

    def guard(self, socket: Socket) -> None:
        """A block stands between its person and somebody from now on."""
        if cohort := self.cohort_of(socket):
            cohort.guard(socket)

    def leave(self, socket: Socket) -> None:
        """The socket hears its place no more; what was pending there still reaches it."""
        cohort = self.cohort_of(socket)
        if cohort is None:
            return
        cohort.discard(socket)
        self._drop_if_empty(cohort)

    def exit(self, socket: Socket) -> bool:
        """The socket is gone. True if it was its person's last one here."""
        self.leave(socket)
        self.recent.leave(socket)
        others = self.sockets.get(socket.person.person_id, set())
        others.discard(socket)
        if not others:
            self.sockets.pop(socket.person.person_id, None)
        return not others

    def end(self, socket: Socket, refused: Refused) -> None:
        """Says why, and closes with the close code of an error."""
        self.instruments.count_refusal(refused)
        socket.end(refused)

    def in_range_of(self, place: Place) -> Iterable[Cohort]:
        """The cohorts in range of a place."""
        return chain.from_iterable(cohorts for _, cohorts in self._find_in_range(place))

    def _labelled_in_range(self, place: Place) -> list[tuple[str, list[Cohort]]]:
        """The same by the label of the distance, kept for the next word from there."""
        tile = tile_of(place.cell)
        if tile not in self.by_tile:
            return []
        known = self.recipients.setdefault(tile, {})
        if place not in known:
            known[place] = self._find_in_range(place)
        return known[place]

    def _find_in_range(self, place: Place) -> list[tuple[str, list[Cohort]]]:
        found: dict[str, list[Cohort]] = {}
        for metres, label_m, cohorts in self.cells.within(place):
            near = [cohort for cohort in cohorts if cohort.place.radius_m >= metres]
            found.setdefault(label_of(label_m), []).extend(near)
        return [*found.items()]

    def broadcast(self, message: OutgoingMessage) -> None:
        wrote, ready = self.coalescer.wrote, []
        for words, cohorts in self._labelled_in_range(message.place):
            messages = ((message, words),)
            for cohort in cohorts:
                if cohort.enqueue(messages) and cohort not in wrote:
                    ready.append(cohort)
        if ready:
            self.coalescer.write(ready)

    def retract(self, retraction: OutgoingRetraction) -> None:
        gone = signals("gone", ids=[retraction.removed_id])
        for cohort in self.in_range_of(retraction.place):
            cohort.retract(retraction, gone[cohort.form])
        for socket in self.recent.in_range_of(retraction.place):
            if socket.may_receive(retraction):
                socket.write(gone[socket.form])

    def cohorts_reaching(self, tile: Tile) -> list[Cohort]:
        """The cohorts whose circle reaches a tile."""
        return [*self.by_tile.get(tile, ())]

    def sockets_in(self, tile: Tile) -> Iterable[Socket]:
        """The sockets whose own cell lies in a tile."""
        for cohort in chain.from_iterable(self.cells.of_tile(tile)):
            yield from (*cohort.live, *cohort.joining)

    def _begin(self, place: Place, form: Form) -> Cohort:
        cohort = self.cohorts[place, form] = Cohort(place, form, self.coalescer)
        if place.cell not in self.cells:
            self.cells[place.cell] = []
        self.cells[place.cell].append(cohort)
        for tile in cohort.tiles:
            self.by_tile.setdefault(tile, set()).add(cohort)
            self.recipients.pop(tile, None)
        return cohort

    def _drop_if_empty(self, cohort: Cohort) -> None:
        if cohort.live or cohort.joining:
            return
        cohort.close()
        del self.cohorts[cohort.place, cohort.form]
        self.cells[cohort.place.cell].remove(cohort)
        if not self.cells[cohort.place.cell]:
            del self.cells[cohort.place.cell]
        for tile in cohort.tiles:
            self.recipients.pop(tile, None)
            self.by_tile[tile].discard(cohort)
            if not self.by_tile[tile]:
                del self.by_tile[tile]
