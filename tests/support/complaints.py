"""What no test may leave behind without saying so: errors that reached the handler of an event
loop, and error lines or tracebacks in what servers printed."""

from __future__ import annotations

import logging
import re

# As the console and JSON have them (neartalk/logs.py), and as Python prints what nobody caught.
ERROR_LINE = re.compile(r'\[(?:error|critical) *\]|"level": "(?:error|critical)"|^Traceback \(most')

# A task of Playwright's own: a request that a test answers never, whose page was closed meanwhile.
LEFT_OPEN = re.compile(
    r"Task was destroyed but it is pending!\ntask: <Task pending name='[^']*'"
    r" coro=<(?:Page|BrowserContext)\._on_route\(\) running at \S*/playwright/_impl/"
)


def error_lines(output: str) -> list[str]:
    """Each with the lines that follow it up to the next entry, which say what was raised where."""
    found: list[str] = []
    inside = False
    for line in output.splitlines():
        if ERROR_LINE.search(line):
            found.append(line)
            inside = True
        elif inside and not re.match(r'\d{4}-|\{"', line):
            found[-1] += f"\n{line}"
        else:
            inside = False
    return found


class LoopErrors(logging.Handler):
    """What the loops of this process were told and nobody handled, by asyncio's own logger."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = self.format(record)
        if not LEFT_OPEN.match(told):
            self.told.append(told)

    def pop(self) -> list[str]:
        told, self.told = self.told, []
        return told
