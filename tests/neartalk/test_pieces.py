"""Work cut in pieces: in its order, so many in one turn of the loop, and none is lost."""

import asyncio
from functools import partial
from itertools import pairwise

from neartalk.pieces import Pieces
from tests.support.processes import turns
from tests.support.waiting import deadline


async def test_so_many_are_done_at_once_and_the_rest_in_the_next_turns() -> None:
    pieces, done = Pieces(3), list[int]()
    for number in range(8):
        pieces.do(partial(done.append, number))
    by_turn = [len(done)]
    async with deadline("all pieces"):
        while len(done) < 8:
            await asyncio.sleep(0)
            by_turn.append(len(done))
    assert done == [*range(8)]
    assert [later - before for before, later in pairwise(by_turn)] == [3, 2]


async def test_a_piece_has_a_turn_of_its_own_budget_once_nobody_waits() -> None:
    pieces, done = Pieces(2), list[int]()
    for number in range(6):
        pieces.do(partial(done.append, number))
        await turns(2)
        assert done == [*range(number + 1)]


async def test_what_a_piece_adds_comes_behind_what_waits() -> None:
    pieces, done = Pieces(1), list[str]()
    pieces.do(lambda: done.append("first"))
    pieces.do(lambda: pieces.do(partial(done.append, "added")))
    pieces.do(lambda: done.append("third"))
    await turns()
    assert done == ["first", "third", "added"]


async def test_a_piece_that_fails_ends_no_other() -> None:
    pieces, done = Pieces(2), list[int]()
    failed: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))

    def fail() -> None:
        raise ValueError

    for piece in (partial(done.append, 1), partial(done.append, 2), fail, partial(done.append, 3)):
        pieces.do(piece)
    await turns()
    assert done == [1, 2, 3]
    assert len(failed) == 1


async def test_nor_does_one_that_fails_at_once_or_its_turn() -> None:
    pieces, done = Pieces(3), list[int]()
    failed: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))

    def fail() -> None:
        raise ValueError

    for number in range(3):
        pieces.do(fail)
        pieces.do(partial(done.append, number))
    assert done == [0]
    await asyncio.sleep(0)
    assert done == [0, 1, 2]
    assert len(failed) == 3


async def test_what_waits_is_dropped_at_the_end() -> None:
    pieces, done = Pieces(1), list[int]()
    for number in range(3):
        pieces.do(partial(done.append, number))
    pieces.close()
    await turns()
    assert done == [0]
    # What comes later is no longer lost among it.
    for number in range(3, 6):
        pieces.do(partial(done.append, number))
    await turns()
    assert done == [0, 3, 4, 5]
