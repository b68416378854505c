"""This process's sockets by place and form: who is sent a message."""

from collections.abc import Iterable
from itertools import chain

from neartalk.codes import Refused
from neartalk.instruments import Instruments
from neartalk.server import Backlog
from presence.delivery.coalescer import Coalescer
from presence.delivery.cohort import Cohort
from presence.delivery.frames import Form, signal, signals
from presence.delivery.messages import OutgoingMessage, OutgoingRetraction, messages_frame
from presence.delivery.recent_subscriptions import RecentSubscriptions
from presence.delivery.sockets import Socket
from presence.geo import Cell, Tile, coarsened_m, tile_of
from presence.grid import Grid
from presence.values import Person, Place


class Audience:
    """All sockets of this process in their cohorts, found by person, by place and by tile.

    `recipients` caches the cohorts in range of each place where somebody wrote, by the metres of
    their label. It stands by the tile of the place, and is dropped when a cohort that reaches the
    tile comes or goes.
    """

    def __init__(self, backlog: Backlog, instruments: Instruments) -> None:
        self.backlog = backlog
        self.instruments = instruments
        self.cohorts: dict[tuple[Place, Form], Cohort] = {}
        self.cells = Grid[list[Cohort]]()
        self.by_tile: dict[Tile, set[Cohort]] = {}
        self.sockets: dict[str, set[Socket]] = {}
        self.coalescer = Coalescer(backlog)
        self.recent = RecentSubscriptions()
        self.recipients: dict[Tile, dict[Place, list[tuple[int, list[Cohort]]]]] = {}

    def all_sockets(self) -> Iterable[Socket]:
        for sockets in self.sockets.values():
            yield from sockets

    def sockets_of(self, person: Person) -> set[Socket]:
        return self.sockets.get(person.person_id, set())

    def note_silence(self) -> None:
        """Every 2 s: whose peers have not given a sign of life for long."""
        for socket in self.all_sockets():
            socket.note_silence()

    def is_silent(self, person: Person) -> bool:
        """Whether a person has sockets here, and all of them are silent."""
        sockets = self.sockets_of(person)
        return bool(sockets) and all(one.silent for one in sockets)

    def locations(self) -> Iterable[tuple[str, Cell]]:
        """Each person with a socket once, and the cell they are in."""
        for person_id, sockets in self.sockets.items():
            yield person_id, next(iter(sockets)).place.cell

    def cohort_of(self, socket: Socket) -> Cohort | None:
        """The cohort that the socket is in; None before it has entered."""
        return self.cohorts.get((socket.place, socket.form))

    def newcomer_ms(self, person: Person, now_ms: int) -> int:
        """When a person was last told of somebody who had come, as far as their sockets here know;
        just now, where they have none: they call, or their sockets are elsewhere. So do those who
        are to be told of a change soon: a call to another process may have told them."""
        each = [(one, cohort) for one in self.sockets_of(person) if (cohort := self.cohort_of(one))]
        return max((newcomer_ms_of(*one, now_ms) for one in each), default=now_ms)

    def note_newcomers(self, person_id: str, now_ms: int) -> None:
        """A call told a person who is near: perhaps of somebody of whom no socket was told yet."""
        for socket in self.sockets.get(person_id, ()):
            if cohort := self.cohort_of(socket):
                cohort.came_ms = now_ms
                socket.came_ms = None if socket.came_ms is None else now_ms

    def enter(self, socket: Socket) -> Cohort:
        """Subscribes the socket to its person's place. Messages are held until it settles."""
        self.sockets.setdefault(socket.person.person_id, set()).add(socket)
        socket.place, socket.entered = socket.person.place, socket.session
        socket.held, socket.held_gone, socket.held_notes = [], [], {}
        socket.people_version, socket.private, socket.came_ms = 0, None, None
        cohort = self.cohort_of(socket) or self._begin(socket.place, socket.form)
        self.recent.remove(socket, socket.place)
        cohort.joining.add(socket)
        return cohort

    def move(self, socket: Socket) -> None:
        """Takes the socket to where its person is now. Retractions from before still reach it."""
        self.leave(socket)
        self.recent.add(socket, socket.place)
        self.enter(socket)

    def settle(self, socket: Socket, seen: set[str]) -> None:
        """The socket has read history, with these ids: writes what was held; then it is live."""
        cohort = self.cohorts[socket.place, socket.form]
        self.coalescer.flush(cohort)
        held = [
            (message, label_m if socket.session.in_cell_at(message.sent_ms) else None)
            for message, label_m in socket.held or ()
            if message.id not in seen and socket.may_receive(message)
        ]
        if held:
            socket.write(messages_frame(socket.form, held))
        if socket.held_gone:
            socket.write(signal(socket.form, "gone", ids=socket.held_gone))
        if socket.held_notes:
            socket.write_notes(socket.held_notes.values())
        socket.held, socket.held_gone, socket.held_notes = None, [], {}
        cohort.add(socket)

    def filter(self, socket: Socket) -> None:
        """A block stands between its person and somebody from now on."""
        if cohort := self.cohort_of(socket):
            cohort.filter(socket)

    def leave(self, socket: Socket) -> None:
        """Unsubscribes the socket from its place, once what is pending there has left."""
        cohort = self.cohort_of(socket)
        if cohort is None:
            return
        if socket in cohort.live:
            self.coalescer.flush(cohort)
        cohort.discard(socket)
        self._drop_if_empty(cohort)

    def exit(self, socket: Socket) -> bool:
        """Removes a closed socket. True if it was its person's last one here."""
        self.leave(socket)
        self.recent.remove_all(socket)
        others = self.sockets.get(socket.person.person_id, set())
        others.discard(socket)
        if not others:
            self.sockets.pop(socket.person.person_id, None)
        return not others

    def end(self, socket: Socket, refused: Refused) -> None:
        """Counts and writes the refusal, then closes the socket with its close code; once, though
        its peer may take a while to go."""
        if socket.ended:
            return
        self.instruments.count_refusal(refused)
        socket.end(refused)

    def in_range_of(self, place: Place) -> Iterable[Cohort]:
        """The cohorts in range of a place."""
        return chain.from_iterable(cohorts for _, cohorts in self._find_in_range(place))

    def _labelled_in_range(self, place: Place) -> list[tuple[int, list[Cohort]]]:
        """The same by the metres of their label, from the cache if it is known."""
        tile = tile_of(place.cell)
        if tile not in self.by_tile:
            return []
        known = self.recipients.setdefault(tile, {})
        if place not in known:
            known[place] = self._find_in_range(place)
        return known[place]

    def _find_in_range(self, place: Place) -> list[tuple[int, list[Cohort]]]:
        found: dict[int, list[Cohort]] = {}
        for metres, label_m, cohorts in self.cells.within(place):
            for cohort in cohorts:
                if cohort.place.radius_m >= metres:
                    far = coarsened_m(label_m, metres, cohort.place.roughness)
                    found.setdefault(far, []).append(cohort)
        return [*found.items()]

    def broadcast(self, message: OutgoingMessage) -> None:
        """Sends a message to every socket in range of its place.

        A cohort that was written to in the window that runs is sent it when the window ends.
        """
        wrote, ready = self.coalescer.wrote, []
        for label_m, cohorts in self._labelled_in_range(message.place):
            messages = ((message, label_m),)
            for cohort in cohorts:
                if cohort.enqueue(messages) and cohort not in wrote:
                    ready.append(cohort)
        if ready:
            self.coalescer.write(ready)

    def retract(self, retraction: OutgoingRetraction) -> None:
        """Sends every socket that may show a message that it is gone, after what is pending."""
        gone = signals("gone", ids=[retraction.removed_id])
        for cohort in self.cohorts_reaching(retraction.place.tile):
            unaware = cohort.unaware_of(retraction)
            if len(unaware) < len(cohort.live):
                self.coalescer.flush(cohort)
                cohort.write(gone[cohort.form], but=unaware)
            cohort.hold_gone(retraction)
        for socket in self.recent.showing(retraction):
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
        cohort = self.cohorts[place, form] = Cohort(place, form, self.backlog)
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


def newcomer_ms_of(socket: Socket, cohort: Cohort, now_ms: int) -> int:
    """When a socket was last told of somebody who had come."""
    if socket.came_ms is not None:
        return socket.came_ms
    return now_ms if cohort.people_timer and not socket.silent else cohort.came_ms
