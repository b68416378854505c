"""One line on a terminal that says how far something has come; nothing where there is none."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TextIO

EVERY_S = 0.5
CELLS = 20
CLEAR = "\r\x1b[K"


def bar(share: float) -> str:
    full = round(CELLS * min(1.0, share))
    return f"[{'=' * full}{' ' * (CELLS - full)}]"


@asynccontextmanager
async def progress(out: TextIO, words: Callable[[], str]) -> AsyncIterator[None]:
    """Shows the words as they are now, again and again, as long as the block runs."""
    task = asyncio.create_task(keep_showing(out, words)) if out.isatty() else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            out.write(CLEAR)
            out.flush()


async def keep_showing(out: TextIO, words: Callable[[], str]) -> None:
    while True:
        width = shutil.get_terminal_size().columns - 1
        out.write(CLEAR + words()[:width])
        out.flush()
        await asyncio.sleep(EVERY_S)
