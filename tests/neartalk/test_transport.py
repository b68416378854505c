"""One frame to many sockets: whole, in order and once, whatever each kernel buffer takes."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import uvloop

from neartalk.doctor.machine import FILES_A_SOCKET
from neartalk.server import Backlog, DirectTransport, write_frames
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

BACKLOG = Backlog()
LARGE = 100_000  # more than the kernel takes at once here, less than is too much


class SocketPair:
    """Our end of a connection, and the peer's socket."""

    def __init__(self, transport: DirectTransport, peer: socket.socket) -> None:
        self.transport = transport
        self.peer = peer

    async def read(self, size: int) -> bytes:
        loop, found = asyncio.get_running_loop(), b""
        async with deadline(f"{size} bytes"):
            while len(found) < size:
                got = await loop.sock_recv(self.peer, size - len(found))
                assert got, "closed"
                found += got
        return found


@asynccontextmanager
async def socket_pair() -> AsyncIterator[SocketPair]:
    loop = asyncio.get_running_loop()
    ours, peer = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    peer.setblocking(False)
    inner, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    transport = DirectTransport(inner, BACKLOG)
    try:
        yield SocketPair(transport, peer)
    finally:
        transport.abort()
        transport.connection_lost()
        peer.close()


def each(*pairs: SocketPair) -> dict[DirectTransport, socket.SocketType]:
    return {one.transport: one.transport.kernel for one in pairs}


async def test_what_is_written_is_there_at_once() -> None:
    async with socket_pair() as one:
        one.transport.write(b"hello")
        assert one.peer.recv(10) == b"hello"


async def test_a_socket_takes_two_numbers_of_files_as_the_docs_and_the_doctor_say() -> None:
    async with socket_pair() as one:
        numbers = {
            one.transport.inner.get_extra_info("socket").fileno(),
            one.transport.kernel.fileno(),
        }
        assert len(numbers) == FILES_A_SOCKET == 2
        first, second = map(os.fstat, numbers)
        assert first.st_ino == second.st_ino


async def test_a_frame_reaches_everyone() -> None:
    async with socket_pair() as one, socket_pair() as two, socket_pair() as three:
        write_frames([(each(one, two, three), b"hello")], BACKLOG)
        assert [x.peer.recv(10) for x in (one, two, three)] == [b"hello"] * 3


async def test_each_lot_gets_its_own_whole_and_in_order() -> None:
    """Though somebody in the middle takes a part, and another nothing."""
    async with (
        socket_pair() as one,
        socket_pair() as slow,
        socket_pair() as stuck,
        socket_pair() as two,
    ):
        stuck.transport.write(b"w" * LARGE)
        large, small = b"x" * LARGE, b"small"
        write_frames(
            [(each(one), small), (each(slow, stuck), large), ({}, b"nobody"), (each(two), b"last")],
            BACKLOG,
        )
        assert one.peer.recv(100) == small
        assert two.peer.recv(100) == b"last"
        write_frames([(each(slow), small), (each(one, two), b"more")], BACKLOG)
        assert one.peer.recv(100) == two.peer.recv(100) == b"more"
        assert await slow.read(LARGE + 5) == large + small
        assert await stuck.read(2 * LARGE) == b"w" * LARGE + large


async def test_who_takes_a_part_gets_the_rest_in_order_and_delays_nobody() -> None:
    """And whoever is gone changes nothing for those behind."""
    async with (
        socket_pair() as one,
        socket_pair() as slow,
        socket_pair() as gone,
        socket_pair() as two,
    ):
        crowd = each(one, slow, gone, two)
        gone.peer.close()
        large, small = b"x" * LARGE, b"small"
        reading = asyncio.gather(one.read(LARGE + 5), two.read(LARGE + 5))
        write_frames([(each(slow), large)], BACKLOG)
        assert slow.transport.unsent() > 0
        assert slow.transport in BACKLOG.indirect
        write_frames([(crowd, large)], BACKLOG)
        write_frames([(crowd, small)], BACKLOG)
        assert set(await reading) == {large + small}
        assert await slow.read(2 * LARGE + 5) == large + large + small


async def test_who_can_take_nothing_just_now_gets_all_of_it_later() -> None:
    async with socket_pair() as full, socket_pair() as two:
        filled = 0
        with suppress(BlockingIOError):
            while True:
                filled += full.transport.kernel.send(b"w" * LARGE)
        write_frames([(each(full, two), b"small")], BACKLOG)
        assert two.peer.recv(100) == b"small"
        assert await full.read(filled + 5) == b"w" * filled + b"small"


async def test_who_has_caught_up_is_written_to_directly_again() -> None:
    async with socket_pair() as one:
        write_frames([(each(one), b"x" * LARGE)], BACKLOG)
        await one.read(LARGE)
        assert one.transport.unsent() == 0
        write_frames([(each(one), b"again")], BACKLOG)
        assert one.peer.recv(10) == b"again"
        assert one.transport not in BACKLOG.indirect


async def test_what_the_kernel_refuses_is_watched() -> None:
    async with socket_pair() as one:
        one.transport.write(b"x" * 1000)
        assert one.transport not in BACKLOG.peers
        while not one.transport.unsent():
            one.transport.write(b"x" * 1000)
        assert one.transport in BACKLOG.peers
    assert one.transport not in BACKLOG.peers
    assert one.transport not in BACKLOG.indirect


async def test_too_much_unread_ends_the_connection() -> None:
    async with socket_pair() as one:
        while not one.transport.too_slow:
            one.transport.write_frame(b"x" * 10_000)
        assert one.transport.is_closing()


async def test_no_frame_follows_the_last_one() -> None:
    async with socket_pair() as one, socket_pair() as two:
        one.transport.stop_frames()
        write_frames([(each(one, two), b"late")], BACKLOG)
        one.transport.write_frame(b"later")
        one.transport.write(b"close")
        assert one.peer.recv(10) == b"close"
        assert two.peer.recv(10) == b"late"


async def test_a_number_that_was_given_to_another_connection_is_not_written_to() -> None:
    """The loop closes its socket before anybody here hears of it."""
    async with socket_pair() as one, socket_pair() as two:
        one.transport.inner.abort()
        await asyncio.sleep(0)
        ours, peer = socket.socketpair()
        with ours, peer:
            peer.setblocking(False)
            write_frames([(each(one, two), b"secret")], BACKLOG)
            with pytest.raises(BlockingIOError):
                peer.recv(10)
        assert two.peer.recv(10) == b"secret"


async def test_who_is_gone_stops_nobody_behind_them() -> None:
    """Until the consumer has heard of it, they still stand among the readers."""
    async with (
        socket_pair() as one,
        socket_pair() as gone,
        socket_pair() as slow,
        socket_pair() as two,
    ):
        gone.transport.abort()
        gone.transport.connection_lost()
        await asyncio.sleep(0)
        large, small = b"x" * LARGE, b"small"
        write_frames(
            [(each(one, gone), small), (each(slow), large), (each(gone, two), small)], BACKLOG
        )
        gone.transport.write_frame(small)
        assert one.peer.recv(10) == two.peer.recv(10) == small
        assert await slow.read(LARGE) == large


async def test_nothing_is_kept_of_who_is_gone() -> None:
    async with socket_pair() as one, socket_pair() as two:
        one.transport.connection_lost()
        one.transport.close()  # the server's own goodbye comes last
        two.transport.close()
        two.transport.connection_lost()
        assert BACKLOG.indirect.isdisjoint({one.transport, two.transport})


def test_all_of_it_holds_on_the_loop_of_production() -> None:
    tests: list[Coroutine[None, None, None]] = [
        test_what_is_written_is_there_at_once(),
        test_a_frame_reaches_everyone(),
        test_who_takes_a_part_gets_the_rest_in_order_and_delays_nobody(),
        test_who_has_caught_up_is_written_to_directly_again(),
        test_what_the_kernel_refuses_is_watched(),
        test_too_much_unread_ends_the_connection(),
        test_no_frame_follows_the_last_one(),
        test_a_number_that_was_given_to_another_connection_is_not_written_to(),
        test_each_lot_gets_its_own_whole_and_in_order(),
        test_who_is_gone_stops_nobody_behind_them(),
        test_nothing_is_kept_of_who_is_gone(),
    ]
    for test in tests:
        uvloop.run(test)
