"""Readers who are told of people one by one: they do not follow the listing of their cohort."""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain

from presence.delivery import Cohort, CohortListing, Form, Socket, panel
from presence.roster import NOBODY, Listing, ListingChange, Nearby, Roster, difference
from presence.values import Place


class ApartReaders:
    """Writes to one socket what it was not sent, and lets it follow its cohort again.

    Whoever a block parts from somebody in range is told what they would be told if those were not
    here, down to the versions: by a listing of their own in place of that of their cohort.
    `nearby` is who is near a place, without those who are hidden; `sockets` are those of each
    person in this process.
    """

    def __init__(
        self,
        roster: Roster,
        nearby: Callable[[Place, frozenset[str]], Nearby],
        sockets: Mapping[str, Collection[Socket]],
    ) -> None:
        self.roster = roster
        self.nearby = nearby
        self.sockets = sockets

    def shared(self, cohort: Cohort, socket: Socket) -> CohortListing:
        """The listing from which that of a socket follows."""
        return socket.private or cohort.listing

    def enter(
        self, cohort: Cohort, socket: Socket, found: CohortListing, first_version: int
    ) -> Listing:
        """The list of a socket that has just entered its cohort, where `found` is who is near.

        A cohort that only those go on who are hidden from it begins with `first_version`.
        """
        hidden, person_id = self.hidden_in_range(socket), socket.person.person_id
        others = [one for one in self._of_person(cohort, socket) if one is not socket]
        known = socket.private = self._private_of(cohort, socket)
        if not hidden and not known:
            return found.of(person_id)
        drawn = CohortListing(self.nearby(cohort.place, hidden), first_version) if hidden else found
        if known and not is_followed(cohort, hidden):
            for one in (socket, *others):
                one.private = drawn.at(known.version + 1)
        elif not others:
            socket.private = drawn
            listed = cohort.listing
            public = {one.person.person_id for one in chain(cohort.live, cohort.joining)}
            if public - hidden - {person_id}:
                socket.private = listed.without(hidden) or drawn.at(listed.version)
                if listed.crowded and person_id not in listed.whole.people:
                    socket.private.whole = drawn.of(person_id)
            elif not public & hidden:
                # It begins with them: what they find here later goes on from theirs.
                socket.private.version = listed.version
        return drawn.of(person_id)

    def redraw(self, cohort: Cohort, before: CohortListing, drawn: CohortListing) -> None:
        """Draws the listings anew that stand for that of their cohort, which was `before`."""
        joining = (one for one in cohort.joining if one.filtered)
        for socket in {one.person.person_id: one for one in (*joining, *cohort.filtered)}.values():
            self.redraw_one(cohort, socket, before, drawn)

    def begin_anew(self, cohort: Cohort, before: CohortListing, entering: Socket) -> None:
        """The listing of a cohort that nobody follows was replaced. Whom it may show somebody from
        whom they are hidden have one of their own: so far what that of the cohort was."""
        for socket in [*cohort.joining, *cohort.filtered]:
            if socket is not entering and not socket.private and self.hidden_in_range(socket):
                for one in self._of_person(cohort, socket):
                    one.private = before

    def begin_others_anew(self, cohort: Cohort, entering: Socket) -> None:
        """The same of listings of their own, as if those were not here who are hidden: where nobody
        else follows, each socket that enters is one that the listing begins anew with."""
        each = [one for one in (*cohort.joining, *cohort.filtered) if one.private]
        for socket in {one.person.person_id: one for one in each}.values():
            hidden, known = self.hidden_in_range(socket), socket.private
            unseen = {*hidden, socket.person.person_id}
            if (
                known
                and entering.person.person_id not in unseen
                and not is_followed(cohort, hidden)
            ):
                drawn = CohortListing(self.nearby(cohort.place, hidden), known.version + 1)
                for one in self._of_person(cohort, socket):
                    one.private = drawn

    def redraw_one(
        self, cohort: Cohort, socket: Socket, before: CohortListing, drawn: CohortListing
    ) -> None:
        """The same for one person. `drawn` is who is near by now, those who are hidden too."""
        hidden, private = self.hidden_in_range(socket), self._private_of(cohort, socket)
        if not hidden and not private:
            return
        known = private or before
        if hidden:
            drawn = CohortListing(self.nearby(cohort.place, hidden), 0)
        shown = shows(difference(known.whole, drawn.whole), cohort.form)
        private = drawn.at(known.version + shown)
        for one in self._of_person(cohort, socket):
            one.private = private

    def _of_person(self, cohort: Cohort, socket: Socket) -> list[Socket]:
        """The sockets in a cohort of the person of one of them."""
        own = self.sockets.get(socket.person.person_id, ())
        return [one for one in own if one in cohort.live or one in cohort.joining]

    def _private_of(self, cohort: Cohort, socket: Socket) -> CohortListing | None:
        found = (one.private for one in self._of_person(cohort, socket))
        return next(filter(None, found), None)

    def set_apart(self, cohort: Cohort, sockets: Iterable[Socket]) -> None:
        """These no longer follow: what they were sent is kept for each from now on."""
        for socket in sockets:
            if socket not in cohort.apart:
                cohort.apart.add(socket)
                socket.listing = cohort.listing.of(socket.person.person_id)
                socket.people_version = cohort.listing.version

    def send(self, cohort: Cohort, socket: Socket) -> None:
        """Writes to one socket what changed since it was last sent people, and lets it follow if it
        then knows what the others do."""
        shared = self.shared(cohort, socket)
        listing = shared.of(socket.person.person_id)
        change = difference(socket.listing, listing)
        ahead = shared.version - socket.people_version
        if ahead == 1 or (shows(change, socket.form) and not ahead):
            socket.people_version += 1
            socket.write(panel.people_changed(socket.form, socket.people_version, change))
        elif ahead:
            self.write_all(socket, listing, shared.version)
        socket.listing = listing
        self.follow(cohort, socket)

    def follow(self, cohort: Cohort, socket: Socket) -> bool:
        """Lets a live socket follow, if it was sent what all others were. Returns whether."""
        shared, person_id = cohort.listing, socket.person.person_id
        if (
            socket.private
            or shared.version != socket.people_version
            or not shared.counts(person_id)
            or self.hidden_in_range(socket)
            or shared.of(person_id) != socket.listing
        ):
            return False
        cohort.apart.discard(socket)
        socket.listing = NOBODY
        return True

    def hidden_in_range(self, socket: Socket) -> frozenset[str]:
        """Whom a block hides from a socket, if any of them is in range."""
        if not socket.filtered:
            return frozenset()
        hidden = socket.session.unlisted
        return hidden if self.roster.holds(hidden, socket.place) else frozenset()

    def write_all(self, socket: Socket, listing: Listing, version: int) -> None:
        socket.listing, socket.people_version = listing, version
        socket.write(panel.people(socket.form, version, listing, socket.place.radius_m))


def shows(change: ListingChange, form: Form) -> bool:
    """Whether a change is worth a frame: totals by label are shown in the page's form alone."""
    return bool(change) if form is Form.HTML else change.names_or_count


def is_followed(cohort: Cohort, hidden: frozenset[str]) -> bool:
    """Whether anybody would follow a cohort, if those were not here who are hidden."""
    shown = (one for one in cohort.live if one.person.person_id not in hidden)
    return any(one not in cohort.apart or is_up_to_date(one) for one in shown)


def is_up_to_date(socket: Socket) -> bool:
    """Whether a socket would follow, if the listing of its own were that of its cohort."""
    shared, person_id = socket.private, socket.person.person_id
    return (
        shared is not None
        and shared.version == socket.people_version
        and shared.counts(person_id)
        and shared.of(person_id) == socket.listing
    )
