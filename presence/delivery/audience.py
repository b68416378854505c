"""This process's sockets by cell, radius and form: who hears a message, and when it leaves.

The first message leaves at once; what follows within the window leaves together when it closes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from neartalk.codes import Refused
from neartalk.instruments import Instruments
from neartalk.server import Backlog
from presence.delivery.connection import Socket, Spoken, Unsaid
from presence.delivery.frames import Form, Frame, rows, signal, signals
from presence.delivery.recent_subscriptions import Trails
from presence.delivery.recipients import Readers, write_lots
from presence.geo import Cell, Tile, label_of, tile_of, tiles_within
from presence.grid import Grid
from presence.people import Person, Place

WINDOW_S = 0.03
Heard = tuple[Spoken, str]


class Window:
    """Who was written to in the last 30 ms at most: what is said to them since waits until these
    are over. Groups that heard the same at the same distance are written to in one pass.

    `sockets` are those of each person in this process. So many frames were written to a socket, and
    so many messages stood in them.
    """

    def __init__(self, sockets: Mapping[str, Collection[Socket]], backlog: Backlog) -> None:
        self.sockets = sockets
        self.backlog = backlog
        self.wrote: set[Group] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.frames = self.messages = 0

    def write(self, groups: Collection["Group"]) -> None:
        """Writes what is pending in these groups."""
        alike: dict[tuple[Form, tuple[Heard, ...]], Readers] = defaultdict(Readers)
        for group in groups:
            readers = alike[group.form, group.pending]
            readers.update(group.readers)
            for socket in group.guarded:
                if all(socket.hears(spoken) for spoken, _ in group.pending):
                    readers.add(socket.outlet)
                else:
                    self._write_heard(socket, group.pending)
            group.pending = ()
        lots = []
        for (form, heard), readers in alike.items():
            self._write_own(form, heard, readers)
            if readers:
                self._count(len(readers), heard)
                lots.append((readers, spoken_frame(form, heard)))
        write_lots(lots, self.backlog)
        self.wrote.update(groups)
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(WINDOW_S, self._over)

    def _write_own(self, form: Form, heard: tuple[Heard, ...], readers: Readers) -> None:
        """Those readers who said some of it get a frame of their own, and are readers no more."""
        for author in {spoken.person_id for spoken, _ in heard}:
            for socket in self.sockets.get(author, ()):
                if readers.discard(socket.outlet):
                    self._count(1, heard)
                    socket.write(spoken_frame(form, heard, author))

    def _write_heard(self, socket: Socket, heard: tuple[Heard, ...]) -> None:
        """What of it a socket hears that is guarded."""
        if left := [one for one in heard if socket.hears(one[0])]:
            self._count(1, left)
            socket.write(spoken_frame(socket.form, left, socket.person.person_id))

    def _count(self, sockets: int, heard: Collection[Heard]) -> None:
        self.frames += sockets
        self.messages += sockets * len(heard)

    def _over(self) -> None:
        wrote, self.wrote, self.timer = self.wrote, set(), None
        if waiting := [group for group in wrote if group.pending]:
            self.write(waiting)


class Group:
    """The sockets of everyone in one cell with one radius who read one form. All who are `live`
    are sent the same bytes as `readers`, less the `guarded`.
    """

    __slots__ = (
        "drawn",
        "form",
        "guarded",
        "joining",
        "live",
        "pending",
        "people_at_s",
        "people_timer",
        "place",
        "readers",
        "tiles",
        "window",
    )

    def __init__(self, place: Place, form: Form, window: Window) -> None:
        self.place = place
        self.form = form
        self.window = window
        self.tiles = tiles_within(place.cell, place.radius_m)
        self.live: set[Socket] = set()
        self.readers = Readers()
        self.guarded: set[Socket] = set()
        self.joining: set[Socket] = set()
        self.pending: tuple[Heard, ...] = ()
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
            self.readers.add(socket.outlet)

    def guard(self, socket: Socket) -> None:
        """Somebody was blocked: also what is pending is chosen for it."""
        if socket in self.live:
            self.readers.discard(socket.outlet)
            self.guarded.add(socket)

    def discard(self, socket: Socket) -> None:
        if socket in self.live:
            self.flush()
            self.live.discard(socket)
            self.readers.discard(socket.outlet)
            self.guarded.discard(socket)
        self.joining.discard(socket)

    def hear(self, heard: tuple[Heard, ...]) -> bool:
        """True if anybody is live: they are written to with the next write of the window."""
        for socket in self.joining:
            if socket.hold(heard):
                self.window.backlog.dropped["arriving"] += 1
                socket.outlet.drop()
        if not self.live:
            return False
        self.pending += heard
        return True

    def unsay(self, unsaid: Unsaid, gone: Frame) -> None:
        """Takes a message back, after whatever was said before."""
        self.flush()
        self.write(gone, but=[socket for socket in self.guarded if not socket.hears(unsaid)])
        for socket in self.joining:
            socket.hold_gone(unsaid)

    def write(self, frame: Frame, but: Collection[Socket] = ()) -> None:
        """A frame for all who are live, less a few."""
        readers = Readers()
        readers.update(self.readers)
        for socket in self.guarded:
            readers.add(socket.outlet)
        for socket in but:
            readers.discard(socket.outlet)
        write_lots([(readers, frame)], self.window.backlog)

    def flush(self) -> None:
        if self.pending:
            self.window.write([self])

    def close(self) -> None:
        if self.people_timer:
            self.people_timer.cancel()


def spoken_frame(form: Form, heard: Iterable[Heard], mine: str = "") -> Frame:
    """Messages as readers see them; those of the person `mine` as their author does."""
    return rows(
        form,
        (spoken.row(form, words, mine=spoken.person_id == mine) for spoken, words in heard),
    )


class Audience:
    """All groups of this process, and which of them reach a tile."""

    def __init__(self, backlog: Backlog, instruments: Instruments) -> None:
        self.instruments = instruments
        self.groups: dict[tuple[Place, Form], Group] = {}
        self.cells = Grid[list[Group]]()
        self.by_tile: dict[Tile, set[Group]] = {}
        self.sockets: dict[str, set[Socket]] = {}
        self.window = Window(self.sockets, backlog)
        self.trails = Trails()
        # Who hears a place where somebody spoke, by its tile, until a group near by comes or goes.
        self.hears: dict[Tile, dict[Place, list[tuple[str, list[Group]]]]] = {}

    def everyone(self) -> Iterable[Socket]:
        for sockets in self.sockets.values():
            yield from sockets

    def of(self, person: Person) -> set[Socket]:
        return self.sockets.get(person.person_id, set())

    def here(self) -> Iterable[tuple[str, Cell]]:
        """Everybody with a socket, once each, and where they are."""
        for person_id, sockets in self.sockets.items():
            yield person_id, next(iter(sockets)).place.cell

    def group_of(self, socket: Socket) -> Group | None:
        """Those who are sent the same, as far as it has entered."""
        return self.groups.get((socket.place, socket.form))

    def enter(self, socket: Socket) -> Group:
        """The socket begins to hear its place; until it settles, what it hears is held."""
        self.sockets.setdefault(socket.person.person_id, set()).add(socket)
        socket.place, socket.held, socket.held_gone = socket.person.place, [], []
        group = self.group_of(socket) or self._begin(socket.place, socket.form)
        self.trails.forget(socket, socket.place)
        group.joining.add(socket)
        return group

    def move(self, socket: Socket) -> None:
        """To where its person is now. What it was shown where it was may still be taken back."""
        self.leave(socket)
        self.trails.add(socket, socket.place)
        self.enter(socket)

    def settle(self, socket: Socket, seen: set[str]) -> None:
        """The socket has read history (`seen`: ids): what it held follows, then everything live."""
        group = self.groups[socket.place, socket.form]
        group.flush()
        held = [
            (spoken, words)
            for spoken, words in socket.held or ()
            if spoken.id not in seen and socket.hears(spoken)
        ]
        if held:
            socket.write(spoken_frame(socket.form, held, socket.person.person_id))
        if socket.held_gone:
            socket.write(signal(socket.form, "gone", ids=socket.held_gone))
        socket.held, socket.held_gone = None, []
        group.add(socket)

    def guard(self, socket: Socket) -> None:
        """A block stands between its person and somebody from now on."""
        if group := self.group_of(socket):
            group.guard(socket)

    def leave(self, socket: Socket) -> None:
        """The socket hears its place no more; what was pending there still reaches it."""
        group = self.group_of(socket)
        if group is None:
            return
        group.discard(socket)
        self._drop_if_empty(group)

    def exit(self, socket: Socket) -> bool:
        """The socket is gone. True if it was its person's last one here."""
        self.leave(socket)
        self.trails.leave(socket)
        others = self.sockets.get(socket.person.person_id, set())
        others.discard(socket)
        if not others:
            self.sockets.pop(socket.person.person_id, None)
        return not others

    def end(self, socket: Socket, refused: Refused) -> None:
        """Says why, and closes with the close code of an error."""
        self.instruments.count_refusal(refused)
        socket.end(refused)

    def hearing(self, place: Place) -> Iterable[Group]:
        """The groups in range of a place."""
        return chain.from_iterable(groups for _, groups in self._find_hearing(place))

    def _hearing(self, place: Place) -> list[tuple[str, list[Group]]]:
        """The same by the label of the distance, kept for the next word from there."""
        tile = tile_of(place.cell)
        if tile not in self.by_tile:
            return []
        known = self.hears.setdefault(tile, {})
        if place not in known:
            known[place] = self._find_hearing(place)
        return known[place]

    def _find_hearing(self, place: Place) -> list[tuple[str, list[Group]]]:
        found: dict[str, list[Group]] = {}
        for metres, label_m, groups in self.cells.within(place):
            near = [group for group in groups if group.place.radius_m >= metres]
            found.setdefault(label_of(label_m), []).extend(near)
        return [*found.items()]

    def say(self, spoken: Spoken) -> None:
        wrote, ready = self.window.wrote, []
        for words, groups in self._hearing(spoken.place):
            heard = ((spoken, words),)
            for group in groups:
                if group.hear(heard) and group not in wrote:
                    ready.append(group)
        if ready:
            self.window.write(ready)

    def unsay(self, unsaid: Unsaid) -> None:
        gone = signals("gone", ids=[unsaid.removed_id])
        for group in self.hearing(unsaid.place):
            group.unsay(unsaid, gone[group.form])
        for socket in self.trails.hearing(unsaid.place):
            if socket.hears(unsaid):
                socket.write(gone[socket.form])

    def reaching(self, tile: Tile) -> list[Group]:
        """The groups whose circle reaches a tile."""
        return [*self.by_tile.get(tile, ())]

    def standing(self, tile: Tile) -> Iterable[Socket]:
        """The sockets whose own cell lies in a tile."""
        for group in chain.from_iterable(self.cells.of_tile(tile)):
            yield from (*group.live, *group.joining)

    def _begin(self, place: Place, form: Form) -> Group:
        group = self.groups[place, form] = Group(place, form, self.window)
        if place.cell not in self.cells:
            self.cells[place.cell] = []
        self.cells[place.cell].append(group)
        for tile in group.tiles:
            self.by_tile.setdefault(tile, set()).add(group)
            self.hears.pop(tile, None)
        return group

    def _drop_if_empty(self, group: Group) -> None:
        if group.live or group.joining:
            return
        group.close()
        del self.groups[group.place, group.form]
        self.cells[group.place.cell].remove(group)
        if not self.cells[group.place.cell]:
            del self.cells[group.place.cell]
        for tile in group.tiles:
            self.hears.pop(tile, None)
            self.by_tile[tile].discard(group)
            if not self.by_tile[tile]:
                del self.by_tile[tile]
