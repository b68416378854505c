"""Sends people: the whole list to a socket that comes, then changes, at most every 5 s a cohort."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from neartalk.pieces import Pieces
from presence.delivery import (
    Cohort,
    CohortListing,
    Frame,
    Recipients,
    Socket,
    broadcast,
    panel,
)
from presence.hub.apart_readers import ApartReaders, shows
from presence.hub.leases import Leases
from presence.roster import ListingChange, Nearby, Roster, difference
from presence.values import Place

PEOPLE_S = 5.0
SOON_S = 0.05
# First versions are by chance below that: they tell neither how many cohorts there are, nor since
# when, and none follows that of another, should a list be lost after a move.
FIRST_MAX = 10**9
# Cohorts, and readers who are told one by one, in one turn of the loop: each takes 60 us.
TURN_MAX = 20


class PresenceBroadcaster:
    """Writes who is near from the roster.

    A change is rendered once and written in one pass to all who follow the listing of their cohort.
    `apart`, and told one by one, are those whom a change itself is about, those who came since the
    last one, those whom a block parts from somebody in range, and those who are silent. `sockets`
    are those of each person in this process; `now_ms` is the store's clock.
    """

    def __init__(
        self,
        roster: Roster,
        leases: Leases,
        now_ms: Callable[[], int],
        sockets: Mapping[str, Collection[Socket]],
    ) -> None:
        self.roster = roster
        self.leases = leases
        self.now_ms = now_ms
        self.sockets = sockets
        self.apart = ApartReaders(roster, self.nearby, sockets)
        self.pieces = Pieces(TURN_MAX)
        # Of these it waits in `pieces` that they are told.
        self.due: set[tuple[Cohort, Socket]] = set()
        # These are told once they give a sign of life.
        self.held_back: set[tuple[Cohort, Socket]] = set()

    def nearby(self, place: Place, hidden: frozenset[str] = frozenset()) -> Nearby:
        """Who is near a place whose tiles are subscribed to, without those who are hidden."""
        return self.roster.nearby(place, self.leases.processes, self.now_ms(), hidden)

    # ---- One socket --------------------------------------------------------------------------

    def send_all(self, cohort: Cohort, socket: Socket) -> None:
        """Writes who is near to a socket that has just entered its cohort: it may be told of
        somebody who came while its person was listed and had no socket."""
        cohort.came_ms = self.now_ms()
        found = CohortListing(self.nearby(socket.place), 1)
        if len(cohort.apart) == len(cohort.live):
            # Nobody follows: the cohort begins anew.
            before = cohort.listing
            found.version += before.version or secrets.randbelow(FIRST_MAX)
            cohort.listing = found
            self.apart.begin_anew(cohort, before, socket)
        self.apart.begin_others_anew(cohort, socket)
        listing = self.apart.enter(cohort, socket, found, secrets.randbelow(FIRST_MAX) + 1)
        self.apart.write_all(socket, listing, self.apart.shared(cohort, socket).version)

    def repeat_all(self, cohort: Cohort, socket: Socket) -> None:
        """Writes once more whom a socket was last sent: its reader missed something."""
        listing, version = socket.listing, socket.people_version
        if socket in cohort.live and socket not in cohort.apart:
            listing, version = cohort.listing.of(socket.person.person_id), cohort.listing.version
        if version:
            socket.write(panel.people(socket.form, version, listing, socket.place.radius_m))

    def settle(self, cohort: Cohort, socket: Socket) -> None:
        """A socket is live: it follows its cohort, once it was sent the same."""
        if socket.session.blocked:
            self.send_now(cohort, socket)
        elif self.apart.shared(cohort, socket).version != socket.people_version:
            self.apart.send(cohort, socket)
        elif not self.apart.follow(cohort, socket):
            self.schedule([cohort])

    def send_now(self, cohort: Cohort, socket: Socket) -> None:
        """Writes to the live sockets of somebody who blocked what changed, before their cohort."""
        own = [one for one in self.sockets.get(socket.person.person_id, ()) if one in cohort.live]
        self.apart.set_apart(cohort, own)
        drawn = CohortListing(self.nearby(cohort.place), 0)
        self.apart.redraw_one(cohort, socket, cohort.listing, drawn)
        for one in own:
            self._send_unless_silent(cohort, one)

    # ---- A cohort ----------------------------------------------------------------------------

    def schedule(self, cohorts: Iterable[Cohort]) -> None:
        """Sends to these cohorts soon: at most every 5 s, and many in one turn of the loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for cohort in cohorts:
            if cohort.people_timer is None:
                due_s = max(now_s, cohort.people_at_s + PEOPLE_S)
                turn_s = (due_s // SOON_S + 1) * SOON_S
                send = partial(self._send_cohort, cohort)
                cohort.people_timer = loop.call_at(turn_s, self.pieces.do, send)

    def _send_cohort(self, cohort: Cohort) -> None:
        cohort.people_timer = None
        cohort.people_at_s = asyncio.get_running_loop().time()
        before = cohort.listing
        after = CohortListing(self.nearby(cohort.place), before.version)
        change = difference(before.whole, after.whole)
        self.apart.set_apart(cohort, self._singled_out(cohort, before, after, change))
        cohort.listing = after
        if change.came or change.count > change.was:
            cohort.came_ms = self.now_ms()
        if shows(change, cohort.form):
            after.version += 1
            broadcast(self._batches(cohort, before, after, change), cohort.backlog)
        self.apart.redraw(cohort, before, after)
        for socket in [*cohort.apart]:
            self._send_soon(cohort, socket)

    def resume(self) -> None:
        """Every 2 s: tells those what changed who were silent and have given a sign of life."""
        for cohort, socket in [*self.held_back]:
            if socket not in cohort.apart or not socket.silent:
                self.held_back.discard((cohort, socket))
                self._send_soon(cohort, socket)

    def _send_soon(self, cohort: Cohort, socket: Socket) -> None:
        if (cohort, socket) not in self.due:
            self.due.add((cohort, socket))
            self.pieces.do(partial(self._send_apart, cohort, socket))

    def _send_apart(self, cohort: Cohort, socket: Socket) -> None:
        """Tells one reader what changed, unless they follow or have left meanwhile."""
        self.due.discard((cohort, socket))
        if socket in cohort.apart:
            self._send_unless_silent(cohort, socket)

    def _send_unless_silent(self, cohort: Cohort, socket: Socket) -> None:
        if socket.silent:
            self.held_back.add((cohort, socket))
        else:
            socket.came_ms = None
            self.apart.send(cohort, socket)

    def _singled_out(
        self, cohort: Cohort, before: CohortListing, after: CohortListing, change: ListingChange
    ) -> set[Socket]:
        """Whose own change differs from that of all who follow."""
        found = {one for about in change.person_ids for one in self.sockets.get(about, ())}
        found.update(one for one in cohort.filtered if self.apart.hidden_in_range(one))
        found.update(self._held_back_from(cohort))
        if before.crowded and not after.crowded:
            listed = after.whole.people
            found.update(one for one in cohort.live if one.person.person_id not in listed)
        return found & cohort.live

    def _held_back_from(self, cohort: Cohort) -> set[Socket]:
        """Who is silent, and from now on knows less than the cohort."""
        silent = {one for one in cohort.live if one.silent}
        for one in silent:
            one.came_ms = cohort.came_ms if one.came_ms is None else one.came_ms
        return silent

    def _batches(
        self, cohort: Cohort, before: CohortListing, after: CohortListing, change: ListingChange
    ) -> list[tuple[Recipients, Frame]]:
        """The frames of those who follow: of those who are listed themselves, and of all others."""
        form, all_others = cohort.form, cohort.recipients_but(cohort.apart)
        frame = panel.people_changed(form, after.version, change)
        if not after.crowded:
            return [(all_others, frame)]
        listed = Recipients()
        for person_id in after.whole.people:
            for socket in self.sockets.get(person_id, ()):
                if socket in cohort.live and all_others.discard(socket.connection):
                    listed.add(socket.connection)
        unlisted = difference(before.first, after.first)
        others = panel.people_changed(form, after.version, unlisted)
        return [(listed, frame), (all_others, others)]
