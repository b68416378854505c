"""Who is shown to whom, and how often: the people near each group of sockets."""

import asyncio
from collections.abc import Callable, Iterable

from presence.delivery import Audience, Cohort, RenderedNearby, Socket
from presence.geo import Tile
from presence.hub.leases import Leases
from presence.people import Person, Place
from presence.roster import Nearby, Roster

PEOPLE_S = 5.0
SOON_S = 0.05

# All that others see of somebody listed, and whether they do.
Appearance = tuple[str, Place, bool]


class PresenceBroadcaster:
    """Writes the people frame: to one socket at once, to groups soon."""

    def __init__(
        self, roster: Roster, audience: Audience, leases: Leases, now_ms: Callable[[], int]
    ) -> None:
        self.roster = roster
        self.audience = audience
        self.leases = leases
        self.now_ms = now_ms

    def nearby(self, place: Place, hidden: frozenset[str] = frozenset()) -> Nearby:
        return self.roster.nearby(place, self.leases.processes, self.now_ms(), hidden)

    def send_now(self, socket: Socket, drawn: RenderedNearby | None = None) -> None:
        """Writes who is near, if that differs from what the socket shows."""
        hidden = socket.session.hidden if socket.guarded else frozenset[str]()
        if drawn is None or self.roster.holds(hidden, socket.place):
            drawn = RenderedNearby(self.nearby(socket.place, hidden))
        frame = drawn.frame(socket)
        if hash(frame.text) != socket.people_shown:
            socket.people_shown = hash(frame.text)
            socket.write(frame)

    def appearance_of(self, listed: Person | None) -> Appearance | None:
        """Who is listed no more may still be shown by a page that has not looked since their time
        was over."""
        if listed is None:
            return None
        return listed.name, listed.place, listed.alive(self.leases.processes, self.now_ms())

    def person_changed(self, before: Appearance | None, after: Appearance | None) -> None:
        """Somebody looks different, or elsewhere: whoever sees it looks."""
        if after != before:
            for look in filter(None, (before, after)):
                self.schedule(self.audience.in_range_of(look[1]))

    def tile_changed(self, tile: Tile) -> None:
        """Anything may have changed in a tile: whoever reaches it looks."""
        self.schedule(self.audience.cohorts_reaching(tile))

    def schedule(self, groups: Iterable[Cohort]) -> None:
        """Somebody near came, moved or left: these groups are told, at most every 5 s, and many in
        one turn of the loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for group in groups:
            if group.people_timer is None:
                due_s = max(now_s, group.people_at_s + PEOPLE_S)
                turn_s = (due_s // SOON_S + 1) * SOON_S
                group.people_timer = loop.call_at(turn_s, self._send_cohort, group)

    def _send_cohort(self, group: Cohort) -> None:
        group.people_timer = None
        group.people_at_s = asyncio.get_running_loop().time()
        group.drawn += 1
        drawn = RenderedNearby(self.nearby(group.place))
        for socket in group.live:
            self.send_now(socket, drawn)
