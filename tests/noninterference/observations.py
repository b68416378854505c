"""All that comes out of a world: what everybody reads, and what is kept, logged and counted."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import types
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import httpcore
from django.apps import apps
from django.db import connection

from neartalk import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.noninterference.manual_loop import ManualLoop

# What Python does with the outside, by the names of its audit events; what is read tells nothing.
OUTWARD = {"socket.connect", "socket.sendto", "subprocess.Popen", "os.system", "os.rename"}
# Of a log record what logging itself makes, and what never is the same: threads, paths.
PLAIN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "_from_structlog"}
# Libraries that write down all that they are given where they debug.
TALKATIVE = ("asyncio", "django.db.backends", "django.template")


@dataclass(frozen=True)
class Observation:
    """`who` read or holds it, `what` it is, when, and for an answer how many turns of the loop it
    took."""

    who: str
    what: str
    text: str
    at_ms: float = 0
    turns: int = 0


@dataclass
class Observations:
    """In the order in which they were made. `people` is what is known of each person, for those who
    search."""

    loop: ManualLoop
    found: list[Observation] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)

    def add(self, who: str, what: str, text: str, turns: int = 0) -> None:
        self.found.append(Observation(who, what, text, self.loop.sources.passed_ms, turns))

    def as_json(self) -> dict[str, Any]:
        return {"found": [asdict(one) for one in self.found], "people": self.people}


# ---- Lines ---------------------------------------------------------------------------------------


class Listener(logging.Handler):
    """Takes down each line of every level, as the product writes it and as it was meant."""

    def __init__(self, observations: Observations) -> None:
        super().__init__(logging.DEBUG)
        self.observations = observations
        self.written = logs.Handler(io.StringIO())
        self.written.setFormatter(logs.formatter("json"))

    def emit(self, record: logging.LogRecord) -> None:
        meant = {key: value for key, value in vars(record).items() if key not in PLAIN}
        why = repr(record.exc_info[1]) if record.exc_info else ""
        self.observations.add("operator", "words of a line", f"{record.getMessage()} {meant} {why}")
        stream = self.written.setStream(io.StringIO())
        self.written.emit(record)
        del stream
        self.observations.add("operator", "line", self.written.stream.getvalue())


class Printed(io.TextIOBase):
    """Takes the place of stdout and stderr."""

    def __init__(self, observations: Observations, name: str) -> None:
        self.observations, self.stream_name = observations, name

    def write(self, text: str) -> int:
        if text.strip():
            self.observations.add("operator", self.stream_name, text)
        return len(text)


def listen(observations: Observations) -> None:
    """Begins to take down lines, what is printed, and what leaves the process otherwise."""
    root = logging.getLogger()
    root.handlers = [Listener(observations)]
    root.setLevel(logging.DEBUG)
    for name in [*logging.root.manager.loggerDict]:
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).filters = []
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    sys.stdout = Printed(observations, "stdout")
    sys.stderr = Printed(observations, "stderr")

    def audit(event: str, given: tuple[Any, ...]) -> None:
        written = event == "open" and isinstance(given[1], str) and set(given[1]) & set("wax+")
        if written or event in OUTWARD:
            observations.add("machine", event, repr(given[:2]))

    sys.addaudithook(audit)


# ---- What is kept --------------------------------------------------------------------------------


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table, by the name of the table."""
    for model in apps.get_models():
        names = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {names} FROM {model._meta.db_table} ORDER BY 1")  # noqa: S608
            for row in cursor.fetchall():
                yield model._meta.db_table, repr(row)


# Code, machinery, and what stands for something that is dumped by itself.
NO_STATE: tuple[type, ...] = (
    *(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream),  # the service behind them is ours
    *(types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, type),
    *(asyncio.AbstractEventLoop, asyncio.Future, asyncio.Handle, logging.Logger),
    *(types.CoroutineType, types.GeneratorType, threading.Thread, Executor),
)
LEAF = (str, bytes, int, float, bool, type(None), Enum)


def dump(value: object, path: str = "", seen: set[int] | None = None) -> Iterator[str]:
    """A line for each value that an object leads to, with the way that leads there."""
    seen = set() if seen is None else seen
    if isinstance(value, LEAF):
        yield f"{path} = {value!r}"
    elif id(value) in seen or isinstance(value, NO_STATE):
        return
    else:
        seen.add(id(value))
        for name, one in parts(value):
            yield from dump(one, f"{path}{name}", seen)


def parts(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield f"[{key!r}]" if isinstance(key, (*LEAF, tuple)) else "[key]", one
            if not isinstance(key, LEAF):
                yield "[the key]", key
    elif isinstance(value, (set, frozenset)):
        yield from (("{}", one) for one in sorted(value, key=repr_of))
    elif isinstance(value, (list, tuple, deque)):
        yield from ((f"[{at}]", one) for at, one in enumerate(value))
    else:
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        held = {name: getattr(value, name, None) for name in names} | getattr(value, "__dict__", {})
        yield from ((f".{name}", one) for name, one in held.items())


def repr_of(value: object) -> str:
    return repr(value) if isinstance(value, (*LEAF, tuple)) else type(value).__name__
