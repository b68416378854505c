"""Which tiles this process is subscribed to."""

from collections.abc import Collection, Mapping

from presence.geo import Tile


class TileSubscriptions:
    """Tiles by how far they are subscribed to.

    `held` are those whose group may be joined, or whose people are in the roster. `tiles` are those
    of them that are complete: group, roster and source. `reached` has the tiles that a cohort of
    this process reaches.
    """

    def __init__(self, reached: Mapping[Tile, object]) -> None:
        self.reached = reached
        self.held: set[Tile] = set()
        self.tiles: set[Tile] = set()

    def begin(self, tiles: Collection[Tile]) -> set[Tile]:
        """Those to subscribe to now: incomplete, and reached by somebody still. They are held."""
        fresh = {tile for tile in tiles if tile in self.reached} - self.tiles
        self.held |= fresh
        return fresh

    def complete(self, tiles: Collection[Tile]) -> None:
        """Group, roster and source of these tiles follow them."""
        self.tiles.update(tiles)

    def end(self) -> set[Tile]:
        """Those to unsubscribe from now: held, and reached by nobody. They are complete no more."""
        unused = self.held - self.reached.keys()
        self.tiles -= unused
        return unused

    def forget(self, tiles: Collection[Tile]) -> None:
        """Nothing of these tiles is held any more."""
        self.held.difference_update(tiles)
