"""Where sockets were before: they still show what they were sent there, until it expires."""

import asyncio
from collections.abc import Iterable

from django.conf import settings

from presence.delivery.messages import OutgoingRetraction
from presence.delivery.sockets import Socket
from presence.geo import Tile, tile_of
from presence.past import is_shown, tiles_of_readers
from presence.values import Place, Session

PLACES_MAX = 24


class RecentSubscriptions:
    """The last 24 places of each socket, by tile, with the second of the loop when they expire and
    the session as it was there."""

    def __init__(self) -> None:
        self.tiles: dict[Tile, dict[Place, dict[Socket, tuple[float, Session]]]] = {}

    def add(self, socket: Socket, place: Place) -> None:
        until_s = asyncio.get_running_loop().time() + settings.MESSAGE_LIFE_SECONDS
        self.remove(socket, place)
        sockets = self.tiles.setdefault(tile_of(place.cell), {}).setdefault(place, {})
        sockets[socket] = until_s, socket.entered
        socket.recent_places.append(place)
        if len(socket.recent_places) > PLACES_MAX:
            self.remove(socket, socket.recent_places[0])

    def remove(self, socket: Socket, place: Place) -> None:
        """The socket is subscribed to this place again, or shows nothing of it any more."""
        if place not in socket.recent_places:
            return
        socket.recent_places.remove(place)
        places = self.tiles[tile_of(place.cell)]
        del places[place][socket]
        if not places[place]:
            del places[place]
        if not places:
            del self.tiles[tile_of(place.cell)]

    def remove_all(self, socket: Socket) -> None:
        for place in [*socket.recent_places]:
            self.remove(socket, place)

    def expire(self) -> None:
        """Removes places left half an hour ago: no page shows anything of theirs any more."""
        now_s = asyncio.get_running_loop().time()
        gone = [
            (socket, place)
            for places in self.tiles.values()
            for place, sockets in places.items()
            for socket, (until_s, _) in sockets.items()
            if until_s <= now_s
        ]
        for socket, place in gone:
            self.remove(socket, place)

    def showing(self, retraction: OutgoingRetraction) -> Iterable[Socket]:
        """The sockets that may have been sent there what is retracted."""
        said = retraction.place
        for tile in tiles_of_readers(said):
            for sockets in self.tiles.get(tile, {}).values():
                for socket, (_, entered) in sockets.items():
                    if is_shown(entered, said, retraction.sent_ms):
                        yield socket
