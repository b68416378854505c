"""The database beside the event loop: one thread, so that a database that hangs holds one."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DataError, Error, IntegrityError, connections, transaction

from neartalk.codes import Refused

# What a database refuses because of the row itself, now and later. Every other error may pass: one
# that is read-only, full, in recovery, restarted or without a free connection takes it later.
REFUSED_ROW = (DataError, IntegrityError, ValueError, TypeError)

Row = TypeVar("Row")
Result = TypeVar("Result")

log = logging.getLogger("neartalk.records")


class DatabaseThread:
    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(1, "records")

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """What `work` returns, after all that was run before it. There is no timeout.

        Raises Refused: `store-unavailable`, for any error of the database.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, with_own_connection, work, *args)


def with_own_connection(work: Callable[..., Any], *args: Any) -> Any:
    """Calls `work` and closes its connection. Raises Refused: `store-unavailable`."""
    try:
        try:
            return work(*args)
        finally:
            connections.close_all()
    except Error as lost:
        raise Refused("store-unavailable") from lost


def write_each(
    write: Callable[[list[Row]], list[Result]], rows: Iterable[Row]
) -> list[Result | None]:
    """Writes all rows at once, or one by one where the database refuses one of them for what is in
    it: that one is logged, without its content, and lost. What `write` returned for each, in order;
    None for those lost.
    """
    together = [*rows]
    try:
        with transaction.atomic():
            return [*write(together)]
    except REFUSED_ROW:
        # All but those refused, or nothing: whoever writes again must not write anything twice.
        with transaction.atomic():
            return [result for row in together for result in write_alone(write, row)]


def write_alone(write: Callable[[list[Row]], list[Result]], row: Row) -> list[Result | None]:
    try:
        with transaction.atomic():
            return [*write([row])]
    except REFUSED_ROW as why:
        log_lost(write.__name__, why)
        return [None]


def log_lost(work: str, why: BaseException) -> None:
    """Only the type of the error: its words may quote what people wrote."""
    log.error("a record is not written", extra={"work": work, "error": type(why).__name__})
