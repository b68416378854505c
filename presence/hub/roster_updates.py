"""What tiles and processes say, applied to the roster. Nothing here waits or writes."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet

from presence.geo import Tile
from presence.hub.effects import Effect, ReadTile, ShowPlace, ShowTile
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.registry import TileSnapshot
from presence.roster import Roster
from presence.values import Person, Place, TileEvent

# All that others see of somebody listed: whether they are shown, have an open door, are away, too.
Appearance = tuple[str, Place, bool, bool, bool]


class RosterUpdates:
    """Applies snapshots and changes of tiles, and deaths of processes, to the roster.

    Each method returns what follows from it. `now_ms` is the store's clock.
    """

    def __init__(
        self, roster: Roster, leases: Leases, reconciler: Reconciler, now_ms: Callable[[], int]
    ) -> None:
        self.roster = roster
        self.leases = leases
        self.reconciler = reconciler
        self.now_ms = now_ms

    def apply(self, event: TileEvent) -> list[Effect]:
        """Applies one change of a tile; a tile that was not loaded is left alone."""
        if event.tile not in self.roster.versions:
            return []
        before = self._appearance(self.roster.person(event.tile, event.person.key))
        effects = self.note_process(event.person.process)
        if not self.roster.apply(event):
            effects.append(ReadTile(event.tile))
        after = self._appearance(event.person if event.here else None)
        if after != before:
            effects += [ShowPlace(seen[1]) for seen in (before, after) if seen]
        effects += self.reconciler.load_if_newer(event.person)
        # Away is whom a process let go of, or another one that took it for dead.
        if (not event.here and not event.person.lingers) or event.person.is_away:
            effects += self.reconciler.republish_removed(event.person, event.tile)
        return effects

    def load(self, found: Mapping[Tile, TileSnapshot]) -> list[Effect]:
        """Replaces what is known of tiles by what was read."""
        effects: list[Effect] = []
        for tile, snapshot in found.items():
            self.roster.load(tile, snapshot)
            effects.append(ShowTile(tile))
            for person in snapshot.people.values():
                effects += self.reconciler.load_if_newer(person)
        return effects

    def forget(self, tiles: AbstractSet[Tile]) -> None:
        """Nobody here reaches these tiles any more."""
        for tile in tiles & self.roster.versions.keys():
            self.roster.forget(tile)

    def compare(self, versions: Mapping[Tile, int]) -> list[Effect]:
        """Tiles of which a change was missed, by their versions in the store."""
        known = self.roster.versions
        return [ReadTile(tile) for tile, version in versions.items() if known.get(tile) != version]

    def note_process(self, process: str) -> list[Effect]:
        """A process has just written: it lives, and so do its people."""
        return self.processes_changed({process}) if self.leases.note_process(process) else []

    def processes_changed(self, processes: Collection[str]) -> list[Effect]:
        """These processes died, or live again, and their people with them."""
        return [ShowTile(tile) for tile in self.roster.tiles_of(processes)]

    def expire(self, since_ms: int, until_ms: int) -> list[Effect]:
        """The time of people without a socket ended between these times."""
        return [ShowTile(person.tile) for person in self.roster.lapsed(since_ms, until_ms)]

    def _appearance(self, listed: Person | None) -> Appearance | None:
        """None for who is not listed. Who expired is listed until they are reaped: a page that was
        last sent people before may still show them."""
        if listed is None:
            return None
        processes = self.leases.processes
        alive, is_open = listed.alive(processes, self.now_ms()), listed.is_open(processes)
        return listed.name, listed.place, alive, is_open, listed.is_away
