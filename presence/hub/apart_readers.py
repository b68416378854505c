"""Readers who are told of people one by one: they do not follow the listing of their cohort."""

from collections.abc import Callable, Iterable

from presence.delivery import Cohort, CohortListing, Form, Socket, panel
from presence.roster import NOBODY, Listing, ListingChange, Nearby, Roster, difference
from presence.values import Place


class ApartReaders:
    """Writes to one socket what it was not sent, and lets it follow its cohort again.

    `nearby` is who is near a place, without those who are hidden.
    """

    def __init__(self, roster: Roster, nearby: Callable[[Place, frozenset[str]], Nearby]) -> None:
        self.roster = roster
        self.nearby = nearby

    def set_apart(self, cohort: Cohort, sockets: Iterable[Socket]) -> None:
        """These no longer follow: what they were sent is kept for each from now on."""
        for socket in sockets:
            if socket not in cohort.apart:
                cohort.apart.add(socket)
                socket.listing = cohort.listing.of(socket.person.person_id)
                socket.people_version = cohort.listing.version

    def send(self, cohort: Cohort, shared: CohortListing, socket: Socket) -> None:
        """Writes to one socket what changed since it was last sent people, and lets it follow if it
        then knows what the others do.

        Whoever was blocked counts versions of their own: a list that came whole would tell them.
        """
        listing = self.listing_for(socket, shared)
        change = difference(socket.listing, listing)
        shown, ahead = shows(change, socket.form), shared.version - socket.people_version
        if shown if socket.filtered else ahead == 1 or (shown and not ahead):
            socket.people_version += 1
            socket.write(panel.people_changed(socket.form, socket.people_version, change))
        elif ahead and not socket.filtered:
            self.write_all(socket, listing, shared.version)
        socket.listing = listing
        self.follow(cohort, socket)

    def follow(self, cohort: Cohort, socket: Socket) -> bool:
        """Lets a live socket follow, if it was sent what all others were. Returns whether."""
        shared, person_id = cohort.listing, socket.person.person_id
        if (
            shared.version != socket.people_version
            or not shared.counts(person_id)
            or self.hidden_in_range(socket)
            or shared.of(person_id) != socket.listing
        ):
            return False
        cohort.apart.discard(socket)
        socket.listing = NOBODY
        return True

    def listing_for(self, socket: Socket, shared: CohortListing) -> Listing:
        hidden, person_id = self.hidden_in_range(socket), socket.person.person_id
        if not hidden:
            return shared.of(person_id)
        return Listing.of(self.nearby(socket.place, hidden).seen_by(person_id))

    def hidden_in_range(self, socket: Socket) -> frozenset[str]:
        """Whom a block hides from a socket, if any of them is in range."""
        if not socket.filtered:
            return frozenset()
        hidden = socket.session.hidden
        return hidden if self.roster.holds(hidden, socket.place) else frozenset()

    def write_all(self, socket: Socket, listing: Listing, version: int) -> None:
        socket.listing, socket.people_version = listing, version
        socket.write(panel.people(socket.form, version, listing, socket.place.radius_m))


def shows(change: ListingChange, form: Form) -> bool:
    """Whether a change is worth a frame: totals by label are shown in the page's form alone."""
    return bool(change) if form is Form.HTML else change.names_or_count
