"""Whatever happens to people, and whatever frame is lost: the list that each reader makes of what
it is sent is, in the end, the one that it would be sent whole."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chat.devtools import PeopleList
from neartalk.instruments import Instruments
from neartalk.pieces import Pieces
from neartalk.server import Backlog
from presence.delivery import Audience, Form, Socket, cohort_listing
from presence.geo import cell_at, label_of, tile_of
from presence.hub.leases import Leases
from presence.hub.presence_broadcaster import TURN_MAX, PresenceBroadcaster
from presence.registry import MemoryRegistry, TileSnapshot
from presence.roster import Listing, Roster, nearby, roster
from presence.values import Person, Place, Session, TileEvent
from tests.support.client import frames_of_html
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from presence.delivery import Frame

# 10,000 sequences in JSON and 1,000 in the form of the page, in parts that are a test each.
PARTS = [*((Form.JSON, part) for part in range(20)), *((Form.HTML, part) for part in range(2))]
SEQUENCES, STEPS = 500, 14
INSTRUMENTS = Instruments()
SHOWN_MAX = 2
CELLS = [cell_at(52.52, lon) for lon in (13.4, 13.4014, 13.404, 13.407)]
PLACES = [Place(cell, radius_m) for cell in CELLS for radius_m in (300, 600)]
NAMES = ["Ana", "<b>Bo & co", "Cem"]
PROCESSES = ("one", "two")


class LossyReader:
    """A client whose frames get lost at times."""

    direct = None

    def __init__(self, form: Form) -> None:
        self.form = form
        self.list = PeopleList()
        self.loses = self.asks = False

    def write(self, frame: Frame) -> None:
        if self.loses:
            self.loses = False
            return
        (found,) = (
            frames_of_html(frame.text) if self.form is Form.HTML else [json.loads(frame.text)]
        )
        self.asks = not self.list.apply(found) or self.asks


# Readers who are told in one turn of the loop.
PIECES_MAX = 2


class LatePieces(Pieces):
    """What waits for the next turn of the loop waits for the test."""

    def _expect_next_turn(self) -> None: ...

    def next(self) -> None:
        self._begin_turn()


class Street:
    """People on a street as one process knows them, and the sockets that some of them have."""

    def __init__(self, seed: int, form: Form) -> None:
        self.chance = random.Random(seed)
        self.form = form
        self.leases = Leases(MemoryRegistry())
        self.leases.processes = frozenset(PROCESSES)
        self.roster = Roster()
        for tile in {tile_of(cell) for cell in CELLS}:
            self.roster.load(tile, TileSnapshot())
        self.audience = Audience(Backlog(), INSTRUMENTS)
        self.broadcaster = PresenceBroadcaster(
            self.roster, self.leases, lambda: 1, self.audience.sockets
        )
        self.broadcaster.schedule = lambda cohorts: None  # type: ignore[method-assign]
        self.broadcaster.pieces = self.pieces = LatePieces(PIECES_MAX)
        self.people: dict[str, Person] = {}
        self.readers: dict[Socket, LossyReader] = {}
        self.joining: list[Socket] = []
        self.turn = 0

    # ---- What happens ------------------------------------------------------------------------

    def come(self) -> None:
        self.turn += 1
        # Ids that no order of arrival shows.
        person_id = f"{self.chance.randrange(100):02}-{self.turn}"
        place = self.chance.choice(PLACES)
        name, process = self.chance.choice(NAMES), self.chance.choice(PROCESSES)
        self.publish(Person(person_id, name, *place, 1, process))
        if self.chance.random() < 0.7:
            self.open(Session(person_id, self.people[person_id], 3))

    def open(self, session: Session) -> None:
        reader = LossyReader(self.form)
        socket = Socket(session, self.form, reader)  # type: ignore[arg-type]
        self.readers[socket] = reader
        self.enter(socket, self.audience.enter)

    def leave(self) -> None:
        if self.people:
            person = self.people[self.chance.choice([*self.people])]
            self.publish(person, here=False)
            for socket in [*self.audience.sockets_of(person)]:
                self.audience.exit(socket)
                del self.readers[socket]
                self.joining = [one for one in self.joining if one is not socket]

    def rename(self) -> None:
        self.change(lambda person: person.changed(name=self.chance.choice(NAMES)))

    def move(self) -> None:
        place = self.chance.choice(PLACES)
        self.change(lambda person: person.changed(cell=place.cell, radius_m=place.radius_m))

    def turn_door(self) -> None:
        process, is_open = self.chance.choice(PROCESSES), self.chance.random() < 0.7
        self.change(lambda person: person.with_door(process, is_open=is_open))

    def tab(self) -> None:
        """Another page of somebody."""
        if self.readers:
            self.open(self.chance.choice([*self.readers]).session)

    def block(self) -> None:
        if len(self.people) > 1:
            by, whom = self.chance.sample([*self.people], 2)
            for socket in self.sockets_of(by):
                blocked = socket.session.blocked | {whom}
                self.set_apart(socket, replace(socket.session, blocked=blocked))
                if (cohort := self.audience.cohort_of(socket)) and socket in cohort.live:
                    self.broadcaster.send_now(cohort, socket)
            for socket in self.sockets_of(whom):
                blocked_by = {**socket.session.blocked_by, by: 1}
                self.set_apart(socket, replace(socket.session, blocked_by=blocked_by))

    def set_apart(self, socket: Socket, session: Session) -> None:
        socket.session = session
        self.audience.filter(socket)

    def lose(self) -> None:
        if self.readers:
            self.chance.choice([*self.readers.values()]).loses = True

    def die(self) -> None:
        """A process dies or lives again, with all whom it holds."""
        self.leases.processes ^= {self.chance.choice(PROCESSES)}

    def arrive(self) -> None:
        """Somebody has read what was said before they came."""
        if self.joining:
            socket = self.joining.pop()
            self.audience.settle(socket, set())
            if cohort := self.audience.cohort_of(socket):
                self.broadcaster.settle(cohort, socket)

    def send(self) -> None:
        """Five seconds pass."""
        for cohort in self.audience.cohorts.values():
            self.broadcaster._send_cohort(cohort)

    def go_on(self) -> None:
        """One more turn of the loop."""
        self.pieces.next()

    # ---- Steps of these ----------------------------------------------------------------------

    def sockets_of(self, person_id: str) -> list[Socket]:
        return [*self.audience.sockets.get(person_id, ())]

    def publish(self, person: Person, *, here: bool = True) -> None:
        tile = person.tile
        self.roster.apply(TileEvent(tile, self.roster.versions[tile] + 1, here, person))
        if here:
            self.people[person.person_id] = person
        else:
            del self.people[person.person_id]

    def change(self, changed: Callable[[Person], Person]) -> None:
        if not self.people:
            return
        before = self.people[self.chance.choice([*self.people])]
        after = changed(before).changed(version=before.version + 1)
        if after.tile != before.tile:
            self.publish(before, here=False)
        self.publish(after)
        for socket in self.sockets_of(after.person_id):
            socket.session = replace(socket.session, person=after)
            if socket.place != after.place:
                self.joining = [one for one in self.joining if one is not socket]
                self.enter(socket, self.audience.move)

    def enter(self, socket: Socket, way: Callable[[Socket], Any]) -> None:
        way(socket)
        cohort = self.audience.cohort_of(socket)
        assert cohort
        self.broadcaster.send_all(cohort, socket)
        self.joining.append(socket)
        if self.chance.random() < 0.6:
            self.arrive()

    def resync(self) -> None:
        for socket, reader in self.readers.items():
            if reader.asks:
                reader.asks = False
                cohort = self.audience.cohort_of(socket)
                assert cohort
                self.broadcaster.repeat_all(cohort, socket)

    def end(self) -> None:
        """Nothing more is lost, everybody has arrived, and one more change shows what was."""
        self.turn_all()
        for reader in self.readers.values():
            reader.loses = False
        self.leases.processes = frozenset(PROCESSES)
        self.send()
        self.turn_all()
        while self.joining:
            self.arrive()
        for cell in CELLS:
            self.turn += 1
            self.publish(Person(f"zz-{self.turn}", "Zoe", cell, 600, version=1, process="one"))
        for _ in range(2):
            self.send()
            self.turn_all()
            self.resync()

    def turn_all(self) -> None:
        while self.pieces.waiting:
            self.pieces.next()
        self.pieces.next()

    def wrong(self) -> list[tuple[Any, Any]]:
        """What readers show, and should show, where that differs."""
        pairs = [(shown(one), self.due(socket)) for socket, one in self.readers.items()]
        return [pair for pair in pairs if pair[0] != pair[1]]

    def due(self, socket: Socket) -> Any:
        """What a fresh list would say."""
        found = self.broadcaster.nearby(socket.place, socket.session.hidden)
        listing = Listing.of(found.seen_by(socket.person.person_id))
        entries = [
            (one.person_id, one.name, label_of(one.label_m), "open" if one.is_open else None)
            for one in listing.people.values()
        ]
        return listing.count, entries


def shown(reader: LossyReader) -> Any:
    entries = [
        (one["person_id"], one["username"], one["distance"], one.get("voice"))
        for one in reader.list.entries
    ]
    return reader.list.count, entries


ACTS = {
    Street.come: 6,
    Street.leave: 2,
    Street.rename: 2,
    Street.move: 3,
    Street.turn_door: 2,
    Street.tab: 1,
    Street.block: 1,
    Street.lose: 1,
    Street.die: 1,
    Street.arrive: 3,
    Street.send: 4,
    Street.go_on: 4,
}


@pytest.mark.parametrize(("form", "part"), PARTS)
async def test_what_readers_make_of_changes_is_what_they_would_be_sent_whole(
    form: Form, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (nearby, roster, cohort_listing):
        monkeypatch.setattr(module, "SHOWN_MAX", SHOWN_MAX)
    chance = random.Random(part)
    for seed in range(part * SEQUENCES, (part + 1) * SEQUENCES):
        street = Street(seed, form)
        for act in chance.choices([*ACTS], [*ACTS.values()], k=STEPS):
            act(street)
            street.resync()
        street.end()
        assert street.wrong() == [], seed


async def test_a_crowd_that_came_since_the_last_list_is_told_in_pieces() -> None:
    street = Street(1, Form.JSON)
    street.broadcaster.pieces = Pieces(TURN_MAX)
    told: list[int] = []
    crowd = 5 * TURN_MAX

    class CountedReader(LossyReader):
        def write(self, frame: Frame) -> None:
            super().write(frame)
            told[-1] += 1

    for number in range(crowd):
        person = Person(f"{number:03}", "Ana", *PLACES[0], 1, "one")
        street.publish(person)
        told.append(0)
        socket = Socket(Session(person.person_id, person, 3), Form.JSON, CountedReader(Form.JSON))  # type: ignore[arg-type]
        street.readers[socket] = socket.connection  # type: ignore[assignment]
        street.audience.enter(socket)
        cohort = street.audience.cohort_of(socket)
        assert cohort
        street.broadcaster.send_all(cohort, socket)
        street.joining.append(socket)
        street.arrive()
    told[:] = [0]
    street.send()
    async with deadline("everybody who came is told"):
        while street.broadcaster.pieces.waiting:
            told.append(0)
            await asyncio.sleep(0)
    # And who follows, in one pass.
    assert max(told) <= TURN_MAX + 1
    assert sum(told) >= crowd - TURN_MAX
    assert not street.broadcaster.due
    assert street.wrong() == []
