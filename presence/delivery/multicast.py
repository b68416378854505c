"""Connections that are sent the same frames."""

from collections.abc import Sequence
from socket import SocketType

from neartalk.server import Backlog, DirectTransport, write_frames
from presence.delivery.connection import Connection
from presence.delivery.frames import Frame


class Recipients:
    __slots__ = ("direct", "others")

    def __init__(self) -> None:
        self.direct: dict[DirectTransport, SocketType] = {}
        self.others: set[Connection] = set()

    def __len__(self) -> int:
        return len(self.direct) + len(self.others)

    def add(self, connection: Connection) -> None:
        if connection.direct:
            self.direct[connection.direct] = connection.direct.kernel
        else:
            self.others.add(connection)

    def update(self, recipients: "Recipients") -> None:
        self.direct.update(recipients.direct)
        if recipients.others:
            self.others.update(recipients.others)

    def discard(self, connection: Connection) -> bool:
        """Removes a connection. True if it was one of them."""
        if connection.direct:
            return self.direct.pop(connection.direct, None) is not None
        if connection in self.others:
            self.others.discard(connection)
            return True
        return False


def broadcast(batches: Sequence[tuple[Recipients, Frame]], backlog: Backlog) -> None:
    """Writes each frame to its recipients, of whom nobody may be in two batches.

    Never waits: what a slow peer does not read is queued, and the backlog gives the peer up.
    """
    write_frames([(recipients.direct, frame.wire) for recipients, frame in batches], backlog)
    for recipients, frame in batches:
        for connection in recipients.others:
            connection.write(frame)
