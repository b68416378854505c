"""The machine this runs on: room for sockets, memory and files."""

import resource
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from django.conf import settings

from neartalk.doctor.check import Check, CheckOptions, Finding, fault, ok, warning

# Each person has one socket, two in voice; and each socket takes two files (server/transport.py).
FILES_MIN, FILES_A_SOCKET = 65_536, 2
SHORT, NONE_LEFT = 0.1, 0.02
MEMINFO = Path("/proc/meminfo")
MIB = 1 << 20


def checks_for(options: CheckOptions) -> Iterable[Check]:
    yield Check("open files", open_files)
    yield Check("disk", disk)
    if MEMINFO.exists():
        yield Check("memory", partial(memory, MEMINFO))


def open_files() -> Iterator[Finding]:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= FILES_MIN:
        yield ok(f"A process may have {FILES_MIN // FILES_A_SOCKET:,} people's sockets or more.")
        return
    message = (
        f"A process begun from here may open {most:,} sockets and files, of which each socket of a "
        f"person takes two: {most // FILES_A_SOCKET:,} people at most."
    )
    yield warning(message, "ulimit -n 65536, LimitNOFILE= of a unit, or ulimits: of a container.")


def memory(path: Path) -> Iterator[Finding]:
    """`path` is of the kind of /proc/meminfo: kB by name."""
    lines = (line.split() for line in path.read_text().splitlines())
    kib = {name.rstrip(":"): int(value) for name, value, *_ in lines}
    yield room("memory", kib["MemAvailable"] * 1024, kib["MemTotal"] * 1024)


def disk() -> Iterator[Finding]:
    usage = shutil.disk_usage(settings.BASE_DIR)
    yield room("disk", usage.free, usage.total)


def room(what: str, free: int, total: int) -> Finding:
    message = f"{free // MIB:,} of {total // MIB:,} MB of {what} are free."
    if free < total * NONE_LEFT:
        return fault(message, f"Free some now: without {what} the machine stands still.")
    return warning(message, "See what takes it.") if free < total * SHORT else ok(message)
