"""The effects of a difference between a socket and the registry, and of changes of tiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from neartalk.instruments import Instruments
from neartalk.server import Backlog
from presence.delivery import Audience
from presence.geo import tile_of
from presence.hub.effects import (
    CloseSocket,
    LoadSession,
    MoveSocket,
    ReadTile,
    Republish,
    SendBlocked,
    SendWelcome,
    ShowCohort,
    ShowPlace,
    ShowSocket,
    ShowTile,
)
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.hub.roster_updates import RosterUpdates
from presence.registry import MemoryRegistry, TileSnapshot
from presence.roster import Roster
from presence.values import Person, Session, TileEvent
from tests.support.processes import AWAY, HERE, Page, PageSocket

TILE = tile_of(HERE.cell)

PERSON = Person("a" * 16, "Alice", *HERE, version=3, process="here")
SESSION = Session("digest", PERSON, 3)
NOW_MS = 1_700_000_000_000


class DecidingParts:
    """Reconciler and roster updates of a process called "here", with one socket of Alice."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.audience = Audience(Backlog(), Instruments())
        self.leases = Leases(MemoryRegistry())
        self.leases.process, self.leases.processes = "here", frozenset({"here"})
        self.reconciler = Reconciler(self.roster, self.audience)
        self.updates = RosterUpdates(self.roster, self.leases, self.reconciler, lambda: NOW_MS)
        self.socket = PageSocket(SESSION, Page())
        self.audience.enter(self.socket)
        self.audience.settle(self.socket, set())
        self.roster.load(TILE, TileSnapshot(1, {PERSON.person_id: PERSON}))

    @property
    def cohort(self) -> Any:
        return self.audience.cohort_of(self.socket)


@pytest.fixture
def parts() -> DecidingParts:
    return DecidingParts()


def changed(**fields: Any) -> Session:
    """Alice's session, one version on."""
    return replace(SESSION, person=PERSON.changed(version=4, **fields))


def event(person: Person, version: int = 2, *, here: bool = True) -> TileEvent:
    return TileEvent(TILE, version, here, person)


# ---- A session is applied to a socket ------------------------------------------------------------


def test_a_session_that_is_the_same_but_for_its_version_asks_for_nothing(
    parts: DecidingParts,
) -> None:
    assert parts.reconciler.apply_session(parts.socket, changed()) == []
    assert parts.socket.session == changed()


def test_who_is_elsewhere_by_now_is_followed(parts: DecidingParts) -> None:
    moved = changed(cell=AWAY.cell)
    assert parts.reconciler.apply_session(parts.socket, moved) == [MoveSocket(parts.socket)]


def test_a_new_name_is_sent(parts: DecidingParts) -> None:
    renamed = changed(name="Ana")
    assert parts.reconciler.apply_session(parts.socket, renamed) == [SendWelcome(parts.socket)]


def test_who_is_in_no_place_any_more_is_closed_and_nothing_else(parts: DecidingParts) -> None:
    [effect] = parts.reconciler.apply_session(parts.socket, changed(cell="", name="Ana"))
    assert isinstance(effect, CloseSocket)
    assert (effect.socket, effect.refused.code) == (parts.socket, "left")


def test_a_block_is_sent_to_who_blocked_and_their_list_at_once(parts: DecidingParts) -> None:
    blocking = replace(changed(), blocked=frozenset({"b"}))
    assert parts.reconciler.apply_session(parts.socket, blocking) == [
        SendBlocked(parts.socket, frozenset({"b"})),
        ShowSocket(parts.socket),
    ]
    assert parts.cohort.filtered == {parts.socket}


def test_who_was_blocked_is_shown_it_when_a_departure_would_be(parts: DecidingParts) -> None:
    blocked = replace(changed(), blocked_by={"b": NOW_MS})
    effects = parts.reconciler.apply_session(parts.socket, blocked)
    assert effects == [ShowCohort(parts.cohort)]


def test_who_blocks_while_they_arrive_is_shown_their_list_with_the_others(
    parts: DecidingParts,
) -> None:
    arriving = PageSocket(SESSION, Page())
    parts.audience.enter(arriving)
    blocking = replace(changed(), blocked=frozenset({"b"}))
    assert parts.reconciler.apply_session(arriving, blocking) == [
        SendBlocked(arriving, frozenset({"b"})),
        ShowCohort(parts.cohort),
    ]


# ---- The registry and the sockets differ ---------------------------------------------------------


def test_a_session_is_read_where_a_socket_has_an_older_one(parts: DecidingParts) -> None:
    newer = PERSON.changed(version=4)
    assert parts.reconciler.load_if_newer(PERSON) == []
    assert parts.reconciler.load_if_newer(newer) == [LoadSession(newer, "digest")]
    assert parts.reconciler.load_if_outdated(parts.socket) == []
    parts.roster.load(TILE, TileSnapshot(2, {PERSON.person_id: newer}))
    assert parts.reconciler.load_if_outdated(parts.socket) == [LoadSession(newer, "digest")]


def test_who_is_not_listed_where_they_are_is_published_again(parts: DecidingParts) -> None:
    assert parts.reconciler.republish_unlisted([TILE]) == []
    parts.roster.load(TILE, TileSnapshot(2))
    assert parts.reconciler.republish_unlisted([TILE]) == [Republish(parts.socket)]
    parts.roster.load(TILE, TileSnapshot(3, {PERSON.person_id: PERSON.changed(process="")}))
    assert parts.reconciler.republish_if_unlisted(parts.socket) == [Republish(parts.socket)]


def test_whom_a_dead_process_held_is_published_again(parts: DecidingParts) -> None:
    assert parts.reconciler.republish_orphaned({"elsewhere"}) == []
    assert parts.reconciler.republish_orphaned({"here"}) == [Republish(parts.socket)]


# ---- Changes of tiles ----------------------------------------------------------------------------


def test_a_tile_that_was_not_loaded_is_left_alone(parts: DecidingParts) -> None:
    far = Person("c" * 16, "Carol", *AWAY, version=1, process="elsewhere")
    assert parts.updates.apply(TileEvent(tile_of(AWAY.cell), 1, True, far)) == []
    assert "elsewhere" not in parts.leases.processes


def test_who_comes_is_shown_to_whom_they_are_in_range_of(parts: DecidingParts) -> None:
    bob = Person("b" * 16, "Bob", *HERE, version=1, process="here")
    assert parts.updates.apply(event(bob)) == [ShowPlace(HERE)]
    again = bob.changed(version=2)
    assert parts.updates.apply(event(again, 3)) == []
    assert parts.updates.apply(event(again, 4, here=False)) == [ShowPlace(HERE)]


def test_a_change_that_was_missed_asks_for_the_whole_tile(parts: DecidingParts) -> None:
    bob = Person("b" * 16, "Bob", *HERE, version=1, process="here")
    assert parts.updates.apply(event(bob, 3)) == [ReadTile(TILE), ShowPlace(HERE)]
    assert parts.updates.compare({TILE: 1}) == []
    assert parts.updates.compare({TILE: 3}) == [ReadTile(TILE)]


def test_a_process_that_writes_for_the_first_time_shows_its_people(parts: DecidingParts) -> None:
    bob = Person("b" * 16, "Bob", *HERE, version=1, process="elsewhere")
    assert parts.updates.load({TILE: TileSnapshot(2, {bob.person_id: bob})}) == [ShowTile(TILE)]
    assert parts.updates.note_process("elsewhere") == [ShowTile(TILE)]
    assert parts.updates.note_process("elsewhere") == []
    assert parts.updates.processes_changed({"elsewhere"}) == [ShowTile(TILE)]


def test_a_newer_version_of_who_has_a_socket_here_asks_for_their_session(
    parts: DecidingParts,
) -> None:
    newer = PERSON.changed(version=4)
    load = LoadSession(newer, "digest")
    assert parts.updates.apply(event(newer)) == [load]
    loaded = parts.updates.load({TILE: TileSnapshot(3, {newer.person_id: newer})})
    assert loaded == [ShowTile(TILE), load]


def test_who_is_taken_out_while_their_socket_is_here_is_published_again(
    parts: DecidingParts,
) -> None:
    gone = PERSON.changed(version=4)
    assert parts.updates.apply(event(gone, here=False)) == [
        ShowPlace(HERE),
        LoadSession(gone, "digest"),
        Republish(parts.socket),
    ]


def test_whose_minute_ended_is_shown_to_be_gone(parts: DecidingParts) -> None:
    bob = Person("b" * 16, "Bob", *HERE, version=1, until_ms=NOW_MS)
    parts.updates.apply(event(bob))
    assert parts.updates.expire(NOW_MS - 4_000, NOW_MS) == [ShowTile(TILE)]
    assert parts.updates.expire(NOW_MS, NOW_MS + 4_000) == []


def test_a_tile_is_forgotten_once_and_whether_it_was_loaded_or_not(parts: DecidingParts) -> None:
    for _ in range(2):
        parts.updates.forget({TILE, "u33db8"})
    assert parts.roster.versions == {}
