"""What permessage-deflate would save: the frames that a page is sent among simulated people, each
deflated by itself (no context takeover), so that one compressed frame could serve all readers.

    python bench/deflate.py [--people N] [--minutes N]

Prints bytes and CPU a frame for zlib, and for isal and zlib-ng where they are installed. A frame
that would grow is sent as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.page import KIND, frames_sent, simulated
from bench.stacks import STACKS, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Compress = Callable[[bytes], bytes]

# An empty block ends what is flushed; the extension leaves it away (RFC 7692, section 7.2.1).
TAIL = b"\x00\x00\xff\xff"
RAW = -15
ROUNDS = 7
# Of what is left, more than that would be worth its code.
WORTH = 0.5
LIBRARIES = (
    ("zlib, level 1", "zlib", 1),
    ("zlib, level 6", "zlib", 6),
    ("isal, level 1", "isal.isal_zlib", 1),
    ("zlib-ng, level 1", "zlib_ng.zlib_ng", 1),
)


@dataclass(frozen=True)
class Saving:
    """Bytes on the wire with heads of frames, and microseconds of CPU for each frame."""

    name: str
    before: int
    after: int
    us: float

    @property
    def share(self) -> float:
        return 1 - self.after / self.before

    def row(self) -> str:
        return f"| {self.name} | {self.after:,} | {self.share:.1%} | {self.us:.1f} |"


def compressor(module: str, level: int) -> Compress:
    """A state for each frame. Raises ModuleNotFoundError where the library is not installed."""
    import_module(module)

    def compress(frame: bytes) -> bytes:
        return with_context(module, level)(frame)

    return compress


def with_context(module: str = "zlib", level: int = 1) -> Compress:
    """One state for all frames of a socket: it saves more, and nothing can be shared."""
    library: Any = import_module(module)
    one = library.compressobj(level, library.DEFLATED, RAW)

    def compress(frame: bytes) -> bytes:
        return (one.compress(frame) + one.flush(library.Z_SYNC_FLUSH)).removesuffix(TAIL)

    return compress


def wire(size: int) -> int:
    """Bytes of a frame from a server with its head (RFC 6455, section 5.2)."""
    return size + (2 if size < 126 else 4 if size < 2**16 else 10)


def saving(name: str, frames: Sequence[bytes], compress: Compress) -> Saving:
    before = sum(wire(len(frame)) for frame in frames)
    after = sum(wire(min(len(frame), len(compress(frame)))) for frame in frames)
    return Saving(name, before, after, cost_us(frames, compress))


def cost_us(frames: Sequence[bytes], compress: Compress) -> float:
    """The median of some rounds over all frames."""

    def once() -> float:
        before_s = time.process_time()
        for frame in frames:
            compress(frame)
        return (time.process_time() - before_s) / len(frames)

    return median(once() for _ in range(ROUNDS)) * 1e6


def report(frames: Sequence[bytes], seconds: float) -> list[str]:
    """The table, and which way the rule decides by the best of them."""
    savings = []
    for name, module, level in LIBRARIES:
        with suppress(ModuleNotFoundError):
            savings.append(saving(name, frames, compressor(module, level)))
    best = max(one.share for one in savings)
    before = savings[0].before
    return [
        f"{len(frames)} frames in {seconds:g} s, {before:,} bytes, "
        f"{before / seconds * 3600 / 1e6:.2f} MB an hour",
        *(f"  {kind}: {times} frames, {size:,} bytes" for kind, times, size in kinds(frames)),
        "| library | bytes | saved | CPU a frame, us |",
        "|---|---:|---:|---:|",
        *(one.row() for one in savings),
        saving("zlib, level 1, a state for each socket", frames, with_context()).row(),
        f"{'More' if best > WORTH else 'Not more'} than half of what is left: {best:.1%}.",
    ]


def kinds(frames: Sequence[bytes]) -> list[tuple[str, int, int]]:
    """How many frames are for each piece of the page, and their bytes."""
    times: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for frame in frames:
        found = KIND.search(frame.decode(errors="replace"))
        kind = found[1] if found else "other"
        times[kind] += 1
        sizes[kind] += wire(len(frame))
    return [(kind, times[kind], size) for kind, size in sizes.most_common()]


async def recorded(people: int, seconds: float) -> list[bytes]:
    with running(STACKS["neartalk"]) as servers:
        url = servers.urls[0]
        async with simulated(url, people):
            return [frame.encode() for frame in await frames_sent(url, seconds, people)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=80)
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    seconds = asked.minutes * 60
    for line in report(asyncio.run(recorded(asked.people, seconds)), seconds):
        print(line)


if __name__ == "__main__":
    main()
