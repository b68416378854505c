"""Outlets that are sent the same frames."""

from collections.abc import Collection
from socket import SocketType

from neartalk.transport import DirectTransport, write_all
from presence.frames import Frame
from presence.sockets import Outlet


class Readers:
    def __init__(self) -> None:
        self.direct: dict[DirectTransport, SocketType] = {}
        self.others: set[Outlet] = set()

    def add(self, outlet: Outlet) -> None:
        if outlet.direct:
            self.direct[outlet.direct] = outlet.direct.kernel
        else:
            self.others.add(outlet)

    def discard(self, outlet: Outlet) -> None:
        if outlet.direct:
            self.direct.pop(outlet.direct, None)
        else:
            self.others.discard(outlet)

    def write(self, frame: Frame, but: Collection[Outlet] = ()) -> None:
        """To all of them, less a few."""
        here = [outlet for outlet in but if outlet.direct in self.direct]
        for outlet in here:
            self.discard(outlet)
        write_all(self.direct, frame.wire)
        for outlet in here:
            self.add(outlet)
        for outlet in self.others.difference(but):
            outlet.write(frame)
