"""Whoever was blocked is sent, down to the versions, what they would be sent if the one who blocked
them were not here: two worlds, in one of which Zoe is not."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from presence.delivery import Form, Frame, Socket, cohort_listing
from presence.roster import nearby, roster
from presence.values import Person, Place, Session
from tests.presence.test_people_sequences import PLACES, Street

if TYPE_CHECKING:
    from collections.abc import Callable

BOB, ZOE, OTHERS = "b", "z", ["c", "d"]
WHERE = [PLACES[0], PLACES[1], PLACES[3]]
WHAT = [*("come", "come", "leave", "rename", "move", "open", "close", "door"), *["tick"] * 3]
SEQUENCES, STEPS = 150, 25
# Versions that are no further apart are of one cohort.
NEAR = 2_000

Act = tuple[str, str, Place, str]


class FrameLog:
    """What a socket was written, with its number among those of its person."""

    direct = None

    def __init__(self, number: int, frames: list[tuple[int, dict[str, Any]]]) -> None:
        self.number = number
        self.frames = frames

    def write(self, frame: Frame) -> None:
        self.frames.append((self.number, json.loads(frame.text)))


class StreetWithBlock(Street):
    """A street with Zoe, who blocked Bob, or without."""

    def __init__(self, *, with_zoe: bool) -> None:
        super().__init__(1, Form.JSON)
        self.with_zoe = with_zoe
        # Whether whoever comes has read at once what was said before.
        self.reads_at_once = True
        self.opened: Counter[str] = Counter()
        self.frames: dict[str, list[tuple[int, dict[str, Any]]]] = {}

    def act(self, who: str, what: str, where: Place, name: str) -> None:
        person = self.people.get(who)
        if what == "tick":
            self.send()
            self.turn_all()
        elif who == ZOE and not self.with_zoe:
            return
        elif person is None:
            if what == "come":
                self.publish(Person(who, name, *where, 1, "one"))
                self.open_one(who)
        elif what == "leave":
            self.publish(person, here=False)
            for socket in self.sockets_of(who):
                self.audience.exit(socket)
        elif what == "rename":
            self.replace_person(person.changed(name=name, version=person.version + 1))
        elif what == "move":
            moved = person.changed(
                cell=where.cell, radius_m=where.radius_m, version=person.version + 1
            )
            self.replace_person(moved)
        elif what == "door":
            turned = person.with_door("one", is_open=name == "X")
            self.replace_person(turned.changed(version=person.version + 1))
        elif what == "open" and len(self.sockets_of(who)) < 2:
            self.open_one(who)
        elif what == "close" and self.sockets_of(who):
            self.audience.exit(self.by_age(who)[-1])

    def by_age(self, who: str) -> list[Socket]:
        return sorted(self.sockets_of(who), key=lambda one: one.connection.number)  # type: ignore[attr-defined]

    def replace_person(self, person: Person) -> None:
        before = self.people[person.person_id]
        if before.tile != person.tile:
            self.publish(before, here=False)
        self.publish(person)
        for socket in self.by_age(person.person_id):
            socket.session = replace(socket.session, person=person)
            if socket.place != person.place:
                self.go(socket, self.audience.move)

    def open_one(self, who: str) -> None:
        self.opened[who] += 1
        blocked = frozenset([BOB]) if who == ZOE else frozenset[str]()
        blocked_by = {ZOE: 1} if who == BOB and self.with_zoe else {}
        session = Session(who, self.people[who], 3, blocked=blocked, blocked_by=blocked_by)
        log = FrameLog(self.opened[who], self.frames.setdefault(who, []))
        socket = Socket(session, self.form, log)  # type: ignore[arg-type]
        self.go(socket, self.audience.enter)

    def go(self, socket: Socket, way: Callable[[Socket], Any]) -> None:
        way(socket)
        cohort = self.audience.cohort_of(socket)
        assert cohort
        self.broadcaster.send_all(cohort, socket)
        if self.reads_at_once:
            self.settle(socket)

    def settle(self, socket: Socket) -> None:
        self.audience.settle(socket, set())
        cohort = self.audience.cohort_of(socket)
        assert cohort
        self.broadcaster.settle(cohort, socket)

    def frames_of(self, who: str) -> dict[int, list[Any]]:
        """What each socket was told, with its version by how far it is from the one before."""
        found: dict[int, list[Any]] = {}
        last: dict[int, int] = {}
        for number, frame in self.frames.get(who, ()):
            version = frame.pop("version")
            before = last.get(number, last.get(number - 1, -NEAR))
            step = version - before if abs(version - before) < NEAR else None
            last[number] = version
            found.setdefault(number, []).append((frame, step))
        return found


def frames_in_both(acts: list[Act]) -> list[dict[int, list[Any]]]:
    worlds = [StreetWithBlock(with_zoe=True), StreetWithBlock(with_zoe=False)]
    for world in worlds:
        for act in acts:
            world.act(*act)
    return [world.frames_of(BOB) for world in worlds]


@pytest.mark.parametrize("shown_max", [50, 1])
async def test_nothing_that_whoever_was_blocked_is_sent_tells_of_it(
    shown_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (nearby, roster, cohort_listing):
        monkeypatch.setattr(module, "SHOWN_MAX", shown_max)
    for seed in range(SEQUENCES):
        chance = random.Random(seed)
        people = [BOB, ZOE, *OTHERS] if seed % 2 else [BOB, ZOE]
        acts = [
            (chance.choice(people), chance.choice(WHAT), chance.choice(WHERE), chance.choice("XY"))
            for _ in range(STEPS)
        ]
        with_zoe, without = frames_in_both(acts)
        assert with_zoe == without, seed


HERE, NEAR_BY = WHERE[1], WHERE[2]


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([(BOB, "rename", HERE, "Y"), (BOB, "tick", HERE, "")], id="renames"),
        pytest.param([(BOB, "door", HERE, "X"), (BOB, "tick", HERE, "")], id="opens-their-door"),
        pytest.param([(BOB, "open", HERE, ""), (BOB, "tick", HERE, "")], id="opens-another-page"),
        pytest.param([(BOB, "close", HERE, ""), (BOB, "open", HERE, "")], id="comes-back"),
    ],
)
@pytest.mark.parametrize("where", [HERE, NEAR_BY], ids=["in-their-cell", "near-by"])
async def test_whoever_was_blocked_finds_nothing_out_by_what_they_do(
    where: Place, acts: list[Act]
) -> None:
    come: list[Act] = [
        (ZOE, "come", where, "Zoe"),
        (BOB, "come", HERE, "X"),
        (BOB, "tick", HERE, ""),
    ]
    with_zoe, without = frames_in_both([*come, *acts])
    assert with_zoe == without


@pytest.mark.parametrize("where", [HERE, NEAR_BY], ids=["in-their-cell", "near-by"])
async def test_nor_do_two_pages_tell_of_it_that_both_still_read_what_was_said(where: Place) -> None:
    worlds = [StreetWithBlock(with_zoe=True), StreetWithBlock(with_zoe=False)]
    for world in worlds:
        world.act(ZOE, "come", where, "Zoe")
        world.reads_at_once = False
        world.act(BOB, "come", HERE, "X")
        world.act(BOB, "open", HERE, "")
        for socket in world.by_age(BOB):
            world.settle(socket)
        world.act(BOB, "tick", HERE, "")
    with_zoe, without = [world.frames_of(BOB) for world in worlds]
    assert with_zoe == without


@pytest.mark.parametrize("where", [HERE, NEAR_BY], ids=["in-their-cell", "near-by"])
@pytest.mark.parametrize(
    "come", [(ZOE, BOB, "d"), (BOB, ZOE, "d")], ids=["zoe-was-there", "zoe-comes"]
)
async def test_nor_does_another_page_while_nobody_has_read_what_was_said(
    come: tuple[str, ...], where: Place
) -> None:
    """Lists begin anew with each who comes, for whoever was blocked no more and no less often."""
    for newcomer in (HERE, WHERE[0], HERE._replace(radius_m=HERE.radius_m + 100)):
        places = {ZOE: where, BOB: HERE, "d": newcomer}
        worlds = [StreetWithBlock(with_zoe=True), StreetWithBlock(with_zoe=False)]
        for world in worlds:
            world.reads_at_once = False
            for who in come:
                world.act(who, "come", places[who], "X")
            world.act(BOB, "open", HERE, "")
            world.act(BOB, "tick", HERE, "")
        with_zoe, without = [world.frames_of(BOB) for world in worlds]
        assert with_zoe == without, newcomer


FIRST, CARL = WHERE[0], "c"


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param(
            [
                (CARL, "come", NEAR_BY, "X"),
                (BOB, "come", NEAR_BY, "Y"),
                (ZOE, "come", HERE, "X"),
                (BOB, "tick", HERE, ""),
                (BOB, "close", HERE, ""),
                ("d", "come", FIRST, "Y"),
                (BOB, "open", HERE, ""),
                (BOB, "tick", HERE, ""),
            ],
            id="another-comes-while-they-are-away",
        ),
        pytest.param(
            [
                (ZOE, "come", FIRST, "X"),
                (BOB, "come", HERE, "Y"),
                (CARL, "come", HERE, "Y"),
                (BOB, "leave", HERE, ""),
                (BOB, "come", HERE, "Y"),
            ],
            id="another-comes-and-they-come-back",
        ),
    ],
)
async def test_whoever_was_blocked_finds_nothing_out_by_who_else_comes_and_goes(
    acts: list[Act],
) -> None:
    with_zoe, without = frames_in_both(acts)
    assert with_zoe == without
