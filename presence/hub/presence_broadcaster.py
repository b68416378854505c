"""Sends people frames: at once to one socket, at most every 5 s to a cohort."""

import asyncio
from collections.abc import Callable, Iterable

from presence.delivery import Cohort, RenderedNearby, Socket
from presence.hub.leases import Leases
from presence.roster import Nearby, Roster
from presence.values import Place

PEOPLE_S = 5.0
SOON_S = 0.05


class PresenceBroadcaster:
    """Writes who is near from the roster. A frame equal to the last one is not written again.

    `now_ms` is the store's clock.
    """

    def __init__(self, roster: Roster, leases: Leases, now_ms: Callable[[], int]) -> None:
        self.roster = roster
        self.leases = leases
        self.now_ms = now_ms

    def nearby(self, place: Place, hidden: frozenset[str] = frozenset()) -> Nearby:
        """Who is near a place whose tiles are subscribed to, without those who are hidden."""
        return self.roster.nearby(place, self.leases.processes, self.now_ms(), hidden)

    def send_now(self, socket: Socket, rendered: RenderedNearby | None = None) -> None:
        """Writes who is near, if that differs from what the socket was sent last.

        `rendered` is what its cohort is sent; it holds unless somebody in range is hidden.
        """
        hidden = socket.session.hidden if socket.filtered else frozenset[str]()
        if rendered is None or self.roster.holds(hidden, socket.place):
            rendered = RenderedNearby(self.nearby(socket.place, hidden))
        frame = rendered.frame(socket)
        if hash(frame.text) != socket.people_shown:
            socket.people_shown = hash(frame.text)
            socket.write(frame)

    def schedule(self, cohorts: Iterable[Cohort]) -> None:
        """Sends to these cohorts soon: at most every 5 s, and many in one turn of the loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for cohort in cohorts:
            if cohort.people_timer is None:
                due_s = max(now_s, cohort.people_at_s + PEOPLE_S)
                turn_s = (due_s // SOON_S + 1) * SOON_S
                cohort.people_timer = loop.call_at(turn_s, self._send_cohort, cohort)

    def _send_cohort(self, cohort: Cohort) -> None:
        cohort.people_timer = None
        cohort.people_at_s = asyncio.get_running_loop().time()
        cohort.drawn += 1
        rendered = RenderedNearby(self.nearby(cohort.place))
        for socket in cohort.live:
            self.send_now(socket, rendered)
