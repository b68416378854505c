"""Compares what is listed with sessions and sockets, and mends both ways, whatever was lost.

A step that was tried once may be lost: a departure, the second half of a move, the end of a
session. Nothing here knows which one was; it finds what does not agree.
"""

import asyncio
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from presence.geo import Tile
from presence.hub.departures import Departures
from presence.hub.effects import Effect, LoadSession, Republish
from presence.hub.runner import EffectRunner
from presence.registry import Registry
from presence.roster import Roster
from presence.values import Change, Person, Session

COMPARE_S = 10.0
# So many people are asked for at a time.
BATCH = 200
# Everybody in the roster, and everybody who has a socket here, is compared in so many rounds.
ROUNDS = 3
TILES_MAX = 3_000
T = TypeVar("T")
# For so long after a move, older tiles are asked whether they still list a person.
MOVED_MS = 120_000


class AntiEntropy:
    """The rounds of one process. `read_tiles` are those that somebody read without subscribing.

    The session of a person says where they are listed, and by which process. Every step is guarded
    by a version or by the holder, so that whoever moves or comes meanwhile is not undone.
    """

    def __init__(
        self, registry: Registry, roster: Roster, runner: EffectRunner, departures: Departures
    ) -> None:
        self.registry = registry
        self.roster = roster
        self.runner = runner
        self.departures = departures
        self.audience = runner.audience
        self.read_tiles: set[Tile] = set()
        self.suspects: frozenset[str] = frozenset()
        self.turn = 0

    def note_read(self, tiles: Iterable[Tile]) -> None:
        """People of these tiles were shown; they are compared in the next round."""
        if len(self.read_tiles) < TILES_MAX:
            self.read_tiles.update(tiles)

    def doubt(self, session: Session) -> None:
        """An act on them may be half done: tiles that may list them are compared in a round."""
        left = (one.tile for one in session.recent_tiles)
        self.note_read({session.person.tile, *left})

    async def compare(self) -> None:
        """Every 10 s. Raises Refused: `store-unavailable`; the next round goes on with others, for
        it may be the node of these alone that is away. Their turn comes again."""
        self.turn = (self.turn + 1) % ROUNDS
        await self._compare_sockets()
        await self._compare_held()
        await self._compare_listed()
        await self._compare_blocks()

    # ---- Who has sockets here ----------------------------------------------------------------

    async def _compare_sockets(self) -> None:
        """Whoever has sockets here is listed, here or at another process, where they are."""
        for ids in batches([one for one in self.audience.sockets if turn_of(one) == self.turn]):
            known = await self.registry.persons(ids)
            lost = known.keys() < {*ids} and await self.runner.leases.settles(at_once=True)
            process = self.runner.leases.process
            ours = [one.person_id for one in known.values() if one.process == process]
            await self.registry.hold(ours, process)
            # Whom the store has lost the next pulse registers again, all of them at once.
            for person_id in known if lost else ids:
                self.runner.run(self._differs(person_id, known.get(person_id)))
            await self._leave_old_tiles(known)

    def _differs(self, person_id: str, known: Person | None) -> Iterator[Effect]:
        """What is to be done where a socket and its session differ."""
        socket = next(iter(self.audience.sockets.get(person_id, ())), None)
        if socket is None:
            return
        if known is None or known.version > socket.person.version:
            yield LoadSession(socket.person, socket.session.digest)
        elif known.process not in self.runner.leases.processes:
            yield Republish(socket)
        elif known.tile in self.runner.subscriptions.tiles:
            yield from self.runner.reconciler.republish_if_unlisted(socket)

    async def _leave_old_tiles(self, known: Mapping[str, Person]) -> None:
        """Whoever moved a moment ago is in one tile alone."""
        since_ms = self.runner.broadcaster.now_ms() - MOVED_MS
        left = {
            person: {one.tile for one in socket.session.recent_tiles if one.left_ms > since_ms}
            for person in known.values()
            for socket in [*self.audience.sockets_of(person)][:1]
        }
        unlisting = (self.registry.unlist(*each) for each in left.items() if each[1])
        for changes in await asyncio.gather(*unlisting):
            self._announce(changes)

    # ---- Whom this process holds -------------------------------------------------------------

    async def _compare_held(self) -> None:
        """Whoever is held by this process without a socket leaves, if two rounds find them so."""
        held = await self.registry.held(self.runner.leases.process)
        absent = frozenset(person_id for person_id in held if not self._is_here(person_id))
        for person_id in absent & self.suspects:
            if not self._is_here(person_id):
                change = await self.registry.release(person_id, self.runner.leases.process)
                self._announce([change] if change else [])
        self.suspects = absent

    def _is_here(self, person_id: str) -> bool:
        """Whether they have a socket here, or will be gone by their timer, or arrive."""
        return person_id in self.audience.sockets or self.departures.is_known(person_id)

    # ---- Whom this process shows -------------------------------------------------------------

    async def _compare_listed(self) -> None:
        """Whoever is listed in a tile that is read here has a session that says so."""
        tiles = [tile for tile in self.roster.people if turn_of(tile) == self.turn]
        read = {*self.read_tiles}
        listed = [one for tile in tiles for one in self.roster.people[tile].values()]
        for snapshot in (await self.registry.people(read)).values():
            listed += snapshot.people.values()
        for some in batches(listed):
            self._announce(await self.registry.reconcile(some))
            await self._hold(some)
            await asyncio.sleep(0)
        self.read_tiles -= read

    async def _hold(self, listed: Sequence[Person]) -> None:
        """Each living process is to know whom it is shown to hold, whatever it was told."""
        for process in self.runner.leases.processes:
            ids = [one.person_id for one in listed if one.process == process]
            await self.registry.hold(ids, process)

    # ---- Who is hidden from whom -------------------------------------------------------------

    async def _compare_blocks(self) -> None:
        """A block of somebody who has sockets here stands on both sides: one may have been lost
        between the two steps, or with a node of a cluster."""
        sessions = [next(iter(sockets)).session for sockets in self.audience.sockets.values()]
        blocking = [
            one
            for one in sessions
            if (one.blocked or one.blocked_by) and turn_of(one.person.person_id) == self.turn
        ]
        for some in batches(blocking):
            self._announce(await self.registry.complete_blocks(some))
            await asyncio.sleep(0)

    def _announce(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.runner.announce(change)


def turn_of(one: Tile | str) -> int:
    """In which of the rounds a tile, or a person by their id, is compared: always the same,
    whatever comes and goes."""
    return zlib.crc32(one.encode()) % ROUNDS


def batches(each: Sequence[T]) -> Iterator[Sequence[T]]:
    return (each[start : start + BATCH] for start in range(0, len(each), BATCH))
