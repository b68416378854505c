"""This process's sockets, grouped by (cell, radius): who hears a message, and when it leaves.

The first message leaves at once; what follows within the window leaves together when it closes.
"""

import asyncio
from collections.abc import Iterable

from django.conf import settings

from presence.frames import Form, Frame, rows, signal
from presence.geo import Tile, apart, label, tile_of, tiles_within
from presence.people import Place
from presence.sockets import Socket, Spoken

WINDOW_S = 0.03
TRAIL_MAX = 24


class Group:
    """The sockets of everyone in one cell with one radius: they are sent the same bytes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tiles = tiles_within(place.cell, place.radius_m)
        self.live: set[Socket] = set()
        self.joining: set[Socket] = set()
        # Who was here and moved on still shows what they heard, until this time in seconds.
        self.past: dict[Socket, float] = {}
        self.pending: list[tuple[Spoken, str]] = []
        self.window: asyncio.TimerHandle | None = None
        self.people_at_s = 0.0
        self.people_timer: asyncio.TimerHandle | None = None

    def say(self, spoken: Spoken, words: str) -> None:
        for socket in self.joining:
            socket.hold(spoken, words)
        if self.live:
            self.pending.append((spoken, words))
            if self.window is None:
                self.flush()
                self._open_window()

    def unsay(self, removed_id: str) -> None:
        """Takes a message back from whoever may show it, after whatever was said before."""
        self.flush()
        for socket in (*self.live, *self.past):
            socket.write(signal(socket.form, "gone", ids=[removed_id]))
        for socket in self.joining:
            socket.hold_gone(removed_id)

    def flush(self) -> None:
        """Writes what is pending: one frame for all, another for those who said some of it."""
        pending, self.pending = self.pending, []
        if not pending:
            return
        authors = {spoken.person_id for spoken, _ in pending}
        frames: dict[Form, Frame] = {}
        for socket in self.live:
            if socket.person.person_id in authors:
                socket.write(spoken_frame(socket, pending))
                continue
            frame = frames.get(socket.form)
            if frame is None:
                frame = frames[socket.form] = spoken_frame(socket, pending)
            socket.write(frame)

    def close(self) -> None:
        for timer in (self.window, self.people_timer):
            if timer:
                timer.cancel()

    def _open_window(self) -> None:
        self.window = asyncio.get_running_loop().call_later(WINDOW_S, self._close_window)

    def _close_window(self) -> None:
        self.window = None
        if self.pending:
            self.flush()
            self._open_window()


def spoken_frame(socket: Socket, each: Iterable[tuple[Spoken, str]]) -> Frame:
    """Messages as one reader sees them."""
    mine = socket.person.person_id
    return rows(
        socket.form,
        (spoken.row(socket.form, words, mine=spoken.person_id == mine) for spoken, words in each),
    )


class Audience:
    """All groups of this process, and which of them reach a tile."""

    def __init__(self) -> None:
        self.groups: dict[Place, Group] = {}
        self.by_tile: dict[Tile, set[Group]] = {}
        self.sockets: dict[str, set[Socket]] = {}

    def __len__(self) -> int:
        return sum(map(len, self.sockets.values()))

    def everyone(self) -> Iterable[Socket]:
        for sockets in self.sockets.values():
            yield from sockets

    def live(self) -> Iterable[Socket]:
        return (socket for socket in self.everyone() if socket.held is None)

    @property
    def tiles(self) -> Iterable[Tile]:
        """Every tile that somebody here reaches."""
        return self.by_tile.keys()

    def enter(self, socket: Socket) -> Group:
        """The socket begins to hear its place; until it settles, what it hears is held."""
        self.sockets.setdefault(socket.person.person_id, set()).add(socket)
        socket.place, socket.held, socket.held_gone = socket.person.place, [], []
        group = self.groups.get(socket.place)
        if group is None:
            group = self.groups[socket.place] = Group(socket.place)
            for tile in group.tiles:
                self.by_tile.setdefault(tile, set()).add(group)
        group.past.pop(socket, None)
        group.joining.add(socket)
        return group

    def move(self, socket: Socket) -> None:
        """To where its person is now. What it was shown where it was may still be taken back."""
        until_s = asyncio.get_running_loop().time() + settings.MESSAGE_LIFE_SECONDS
        self.groups[socket.place].past[socket] = until_s
        socket.trail.append(socket.place)
        self.leave(socket)
        self.enter(socket)
        if len(socket.trail) > TRAIL_MAX:
            self._forget(socket.trail.pop(0), socket)

    def forget_past(self) -> None:
        """Whoever moved on half an hour ago shows nothing any more of what they heard there."""
        now_s = asyncio.get_running_loop().time()
        for group in [*self.groups.values()]:
            for socket in [one for one, until_s in group.past.items() if until_s <= now_s]:
                self._forget(group.place, socket)

    def _forget(self, place: Place, socket: Socket) -> None:
        group = self.groups.get(place)
        if group and group.past.pop(socket, None):
            self._drop_if_empty(group)

    def settle(self, socket: Socket, seen: set[str]) -> None:
        """The socket has read history (`seen`: ids): what it held follows, then everything live."""
        group = self.groups[socket.place]
        group.flush()
        held = [(spoken, words) for spoken, words in socket.held or () if spoken.id not in seen]
        if held:
            socket.write(spoken_frame(socket, held))
        if socket.held_gone:
            socket.write(signal(socket.form, "gone", ids=socket.held_gone))
        socket.held, socket.held_gone = None, []
        group.joining.discard(socket)
        group.live.add(socket)

    def leave(self, socket: Socket) -> None:
        """The socket hears its place no more; what was pending there still reaches it."""
        group = self.groups.get(socket.place)
        if group is None:
            return
        if socket in group.live:
            group.flush()
        group.live.discard(socket)
        group.joining.discard(socket)
        self._drop_if_empty(group)

    def exit(self, socket: Socket) -> bool:
        """The socket is gone. True if it was its person's last one here."""
        self.leave(socket)
        for place in socket.trail:
            self._forget(place, socket)
        others = self.sockets.get(socket.person.person_id, set())
        others.discard(socket)
        if not others:
            self.sockets.pop(socket.person.person_id, None)
        return not others

    def hearing(self, place: Place) -> Iterable[tuple[Group, str]]:
        """The groups in range of a place, each with the label of the distance."""
        for group in self.reaching(tile_of(place.cell)):
            metres = apart(place.cell, group.place.cell)
            if metres <= min(place.radius_m, group.place.radius_m):
                yield group, label(metres)

    def say(self, spoken: Spoken) -> None:
        for group, words in self.hearing(spoken.place):
            group.say(spoken, words)

    def unsay(self, place: Place, removed_id: str) -> None:
        for group, _ in self.hearing(place):
            group.unsay(removed_id)

    def reaching(self, tile: Tile) -> list[Group]:
        """The groups whose circle reaches a tile."""
        return [*self.by_tile.get(tile, ())]

    def _drop_if_empty(self, group: Group) -> None:
        if group.live or group.joining or group.past:
            return
        group.close()
        self.groups.pop(group.place, None)
        for tile in group.tiles:
            self.by_tile[tile].discard(group)
            if not self.by_tile[tile]:
                del self.by_tile[tile]
