"""Work that would hold up the event loop if it were done in one go."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Piece = Callable[[], None]
T = TypeVar("T")


class Pieces:
    """Does pieces of work in their order: at once, but at most so many in one turn of the loop. The
    rest has the next turns, so that sockets and calls have theirs between.

    A piece that raises ends nothing but itself: the loop's handler is told. Nobody is refused:
    whoever adds pieces adds none that still waits.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.done = 0
        self.waiting: deque[Piece] = deque()
        self.next_turn: asyncio.Handle | None = None

    def do(self, piece: Piece) -> None:
        self._expect_next_turn()
        if self.waiting or self.done >= self.most:
            self.waiting.append(piece)
        else:
            self._carry_out(piece)

    def close(self) -> None:
        """Drops what waits."""
        self.waiting.clear()
        if self.next_turn:
            self.next_turn.cancel()
        self.next_turn, self.done = None, 0

    def _expect_next_turn(self) -> None:
        if self.next_turn is None:
            self.next_turn = asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self.next_turn, self.done = None, 0
        if self.waiting:
            self._expect_next_turn()
        while self.waiting and self.done < self.most:
            self._carry_out(self.waiting.popleft())

    def _carry_out(self, piece: Piece) -> None:
        self.done += 1
        try:
            piece()
        except Exception as why:
            told = {"message": "a piece of work failed", "exception": why}
            asyncio.get_running_loop().call_exception_handler(told)


def in_pieces(each: Sequence[T], most: int) -> Iterator[list[T]]:
    """A sequence, so many at a time."""
    for start in range(0, len(each), most):
        yield list(each[start : start + most])
