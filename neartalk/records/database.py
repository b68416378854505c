"""The database beside the event loop: one thread, so that a database that hangs holds one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import Error, connections

from neartalk.codes import Refused


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
        return work(*args)
    except Error as lost:
        raise Refused("store-unavailable") from lost
    finally:
        connections.close_all()
