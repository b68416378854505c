"""A transport that writes at once, and one frame to many of them in one pass."""

import asyncio
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, cast

from neartalk.server.backlog import Backlog


class DirectTransport:
    """What uvicorn takes for its transport: bytes go to the kernel at once while none wait.

    uvloop itself keeps them until the end of its turn, at a tenth of the price of a delivery.
    The kernel's socket is a duplicate, ours until the connection is lost: the number of the first
    may be given to another connection before we hear that it was closed.
    """

    __slots__ = ("backlog", "closing", "gone", "inner", "kernel", "queued", "too_slow")

    def __init__(self, inner: asyncio.Transport, backlog: Backlog) -> None:
        if inner.get_extra_info("sslcontext"):
            raise ValueError("frames leave as they are: TLS must end in front of this server")
        self.inner = inner
        self.backlog = backlog
        number = os.dup(inner.get_extra_info("socket").fileno())
        self.kernel = socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, number)
        self.kernel.setblocking(False)
        self.queued = 0
        self.closing = self.gone = self.too_slow = False

    def write(self, data: bytes) -> None:
        if self.inner.is_closing():
            return
        if self.unsent():
            self.queue(data)
            return
        try:
            sent = self.kernel.send(data)
        except OSError:
            sent = 0  # full, or broken: then the transport finds out by itself
        if sent < len(data):
            self.queue(data[sent:])
        elif not self.closing:
            self.backlog.indirect.discard(self)

    def queue(self, data: bytes) -> None:
        """What the kernel does not take leaves when it does."""
        if self.inner.is_closing():
            return
        self.inner.write(data)
        self.queued += len(data)
        self.backlog.indirect.add(self)
        if not self.closing:
            self.backlog.watch(self)

    def write_frame(self, wire: bytes) -> None:
        """A frame from outside the application's own task: none follows the last one."""
        if not self.closing:
            self.write(wire)

    def unsent(self) -> int:
        return self.inner.get_write_buffer_size()

    def stop_frames(self) -> None:
        """The closing handshake has begun: no more frames."""
        self.closing = True
        if not self.gone:
            self.backlog.indirect.add(self)

    def close(self) -> None:
        self.stop_frames()
        self.inner.close()

    def abort(self) -> None:
        self.stop_frames()
        self.inner.abort()

    def drop(self) -> None:
        self.too_slow = True
        self.abort()

    def connection_lost(self) -> None:
        """The connection is gone."""
        self.closing = self.gone = True
        self.kernel.close()
        self.backlog.indirect.discard(self)
        self.backlog.unwatch(self)

    def is_closing(self) -> bool:
        return self.inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self.inner.pause_reading()

    def resume_reading(self) -> None:
        self.inner.resume_reading()


# Some peers, each with its kernel socket, and the bytes that all of them are sent.
Batch = tuple[Mapping[DirectTransport, socket.SocketType], bytes]


def write_frames(batches: Sequence[Batch], backlog: Backlog) -> None:
    """Each lot's bytes to its peers, straight to their kernel sockets: the loop is C's, and no
    Python runs between two peers. Nobody is in two batches."""
    indirect = cast(set[DirectTransport], backlog.indirect)
    aside = [(one, wire) for each, wire in batches for one in indirect & each.keys()]
    if aside:
        batches = [
            ({one: each[one] for one in each.keys() - indirect}, wire) for each, wire in batches
        ]
    count = sum(len(each) for each, _ in batches)
    kernels = chain.from_iterable(each.values() for each, _ in batches)
    wires = chain.from_iterable(repeat(wire, len(each)) for each, wire in batches)
    sent: list[int] = []
    while len(sent) < count:
        try:
            # What was sent before one fails is kept, and the next round goes on behind it.
            sent.extend(map(socket.SocketType.send, kernels, wires))
        except OSError:
            sent.append(0)
    if sum(sent) < sum(len(wire) * len(each) for each, wire in batches):
        _queue_rests(batches, sent)
    for transport, wire in aside:
        transport.write_frame(wire)


def _queue_rests(batches: Iterable[Batch], sent: Iterable[int]) -> None:
    to_each = ((transport, wire) for each, wire in batches for transport in each)
    for (transport, wire), count in zip(to_each, sent, strict=True):
        if count < len(wire):
            transport.queue(wire[count:])
