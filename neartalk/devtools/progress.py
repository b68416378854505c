"""How far a developer's command has come: one line on a terminal, nothing elsewhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

CELLS = 20


def progress(out: TextIO, state: Callable[[], tuple[float, str]]) -> AbstractContextManager[object]:
    """Shows a bar and words, twice a second, as long as the block runs.

    `state` returns the share that is done, from 0 to 1, and the words. It is called from a thread.
    """
    if not out.isatty():
        return nullcontext()

    def line() -> Table:
        share, words = state()
        grid = Table.grid(padding=(0, 1))
        grid.add_row(ProgressBar(1.0, min(1.0, share), width=CELLS), Text(words, no_wrap=True))
        return grid

    return Live(
        get_renderable=line,
        console=Console(file=out),
        refresh_per_second=2,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
