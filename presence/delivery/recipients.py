"""Outlets that are sent the same frames."""

from collections.abc import Sequence
from socket import SocketType

from neartalk.server import Backlog, DirectTransport, broadcast
from presence.delivery.connection import Outlet
from presence.delivery.frames import Frame


class Readers:
    __slots__ = ("direct", "others")

    def __init__(self) -> None:
        self.direct: dict[DirectTransport, SocketType] = {}
        self.others: set[Outlet] = set()

    def __len__(self) -> int:
        return len(self.direct) + len(self.others)

    def add(self, outlet: Outlet) -> None:
        if outlet.direct:
            self.direct[outlet.direct] = outlet.direct.kernel
        else:
            self.others.add(outlet)

    def update(self, readers: "Readers") -> None:
        self.direct.update(readers.direct)
        if readers.others:
            self.others.update(readers.others)

    def discard(self, outlet: Outlet) -> bool:
        """Whether it was one of them."""
        if outlet.direct:
            return self.direct.pop(outlet.direct, None) is not None
        if outlet in self.others:
            self.others.discard(outlet)
            return True
        return False


def write_lots(lots: Sequence[tuple[Readers, Frame]], backlog: Backlog) -> None:
    """Each frame to its readers, of whom nobody is in two lots."""
    broadcast([(readers.direct, frame.wire) for readers, frame in lots], backlog)
    for readers, frame in lots:
        for outlet in readers.others:
            outlet.write(frame)
