"""What a log line may hold: the words that stand in the code, fields from a short list, and of an
exception its type and where it was. What was put into the words stays out: it may be a text, a
place, an address or a key, also where a library speaks.
"""

import logging
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

ROOT = str(Path(__file__).resolve().parent.parent)
WITHHELD = "words withheld"
# What a call may say besides, by `extra`; Django adds `status_code`.
FIELDS = ("part", "work", "code", "error", "status_code")
WORD = re.compile(r"[A-Za-z][\w.-]{0,63}")
CHAIN_MAX = 8

log = logging.getLogger("neartalk.logs")


class Handler(logging.StreamHandler[Any]):
    """Writes lines to stderr and counts them: `written` says how many, by level."""

    def __init__(self, stream: Any = None) -> None:
        super().__init__(stream)
        self.written = Counter({"warning": 0, "error": 0, "critical": 0})

    def emit(self, record: logging.LogRecord) -> None:
        self.written[record.levelname.lower()] += 1
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """logging's own would print the arguments."""
        sys.stderr.write("a log line could not be written\n")


def lines_written() -> Counter[str]:
    """How many lines the root logger's handler wrote, by level."""
    found: Counter[str] = Counter()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Handler):
            found.update(handler.written)
    return found


class Failures(logging.Filter):
    """Of Django's lines about calls, those about an exception. A no is an answer and is counted,
    also 503, which proxies ask for twice a second while Redis is away.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


def catch_the_rest() -> None:
    """What is raised where nobody can catch it goes the same way: Python would print its words."""
    sys.unraisablehook = threading.excepthook = uncaught


def uncaught(raised: Any) -> None:
    log.error("nobody could catch this", exc_info=raised.exc_value)


def formatter(form: str) -> ProcessorFormatter:
    """Of all that is logged in this process, as `json` or for a `console`."""
    renders: dict[str, list[Processor]]
    renders = {"json": [JSONRenderer()], "console": [as_text, console()]}
    return ProcessorFormatter(processors=[safe, *renders[form]], use_get_message=False)


def console() -> ConsoleRenderer:
    return ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)


def safe(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """The line anew, of nothing but what it may hold."""
    record: logging.LogRecord = line["_record"]
    told = {
        "timestamp": logging.Formatter().formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.msg if stands_in_code(record.msg) else WITHHELD,
        "where": f"{short(record.pathname)}:{record.lineno} {record.funcName}",
    }
    given = {name: getattr(record, name, None) for name in FIELDS}
    told |= {name: value for name, value in given.items() if is_word(value)}
    if why := (line.get("exc_info") or (None, None))[1]:
        told["exception"] = [described(one) for one in chain(why)][:CHAIN_MAX]
    return told


def stands_in_code(words: object) -> bool:
    """Whether it is a constant of whoever speaks: then nothing was put into it. A line is written
    below the call that says it, so the code of all who called is at hand."""
    frame: FrameType | None = sys._getframe() if isinstance(words, str) else None
    while frame:
        if words in frame.f_code.co_consts:
            return True
        frame = frame.f_back
    return False


def is_word(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and bool(WORD.fullmatch(value)))


# ---- Exceptions ------------------------------------------------------------------------------


def chain(why: BaseException) -> Iterator[BaseException]:
    """An exception, those in it if it is a group of some, and what it came from."""
    seen: set[int] = set()
    waiting = [why]
    while waiting and len(seen) < CHAIN_MAX:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        waiting += [before] if before else []


def described(why: BaseException) -> dict[str, Any]:
    """Its type, and where it came by; nothing of its words and of what variables held."""
    frames = [
        f"{short(frame.f_code.co_filename)}:{line} {frame.f_code.co_qualname}"
        for frame, line in walk_tb(why.__traceback__)
    ]
    return {"type": f"{type(why).__module__}.{type(why).__qualname__}", "frames": frames}


def short(path: str) -> str:
    """From the project's folder on, or from that of the libraries."""
    return path.rpartition("site-packages/")[2].removeprefix(f"{ROOT}/")


def as_text(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """Exceptions by lines, for the console."""
    if each := line.get("exception"):
        rows = (row for one in each for row in (one["type"], *(f"  {at}" for at in one["frames"])))
        line["exception"] = "\n".join(rows)
    return line
