"""How many bytes a page is sent where people walk and talk, in the form of the page.

python bench/page.py URL [--people N] [--minutes N]
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

ROOT = Path(__file__).parent.parent
SPOT = 52.52, 13.405
# The page reaches as far as the crowd is wide: all are near.
AROUND_M, RADIUS_M = 300, 1000
SETTLE_S = 30.0
HOUR_S = 3600.0
PERSON = re.compile(r'<li class="person-row.*?</li>', re.DOTALL)
KIND = re.compile(r'<\w+\s+(?:class="[^"]*" )?id="([\w-]+)"')


@asynccontextmanager
async def simulated(url: str, people: int) -> AsyncIterator[None]:
    """So many people around SPOT, each of whom reaches all others."""
    command = [
        *(sys.executable, str(ROOT / "manage.py"), "simulate", "--url", url),
        *("--people", str(people)),
        *("--at", f"{SPOT[0]},{SPOT[1]}", "--around", str(AROUND_M), "--radius", str(RADIUS_M)),
        *("--seed", "1", "--quiet"),
    ]
    crowd = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        crowd.terminate()
        await crowd.wait()


async def frames_sent(url: str, seconds: float, people: int) -> list[str]:
    """What a page is sent in so many seconds, once all are there and it has been for a while."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        key = (await http.post("/api/session/create", json={})).json()["session_id"]
        bearer = {"Authorization": f"Bearer {key}"}
        place = {"lat": SPOT[0], "lon": SPOT[1], "radius": RADIUS_M}
        while True:
            answer = await http.post("/api/location/update", json=place, headers=bearer)
            if answer.json().get("in_range", 0) >= people * 0.95:
                break
            await asyncio.sleep(15)
    ws = url.replace("http", "ws", 1) + "/ws"
    found: list[str] = []
    async with connect(ws, additional_headers=bearer, max_size=None, compression=None) as page:
        loop = asyncio.get_running_loop()
        start_s = loop.time() + SETTLE_S
        try:
            async with asyncio.timeout(SETTLE_S + seconds):
                async for frame in page:
                    if loop.time() >= start_s:
                        found.append(str(frame))
        except TimeoutError:
            pass
    return found


def counted(frames: Iterable[str]) -> Counter[str]:
    """Bytes by the piece that they are for; `frames`, `rows` of messages, and rows of `persons`
    with their bytes are counted besides."""
    found: Counter[str] = Counter()
    for frame in frames:
        count(found, frame)
    return found


def count(found: Counter[str], frame: str) -> None:
    size = len(frame.encode())
    kind = KIND.search(frame)
    found["all"] += size + (2 if size < 126 else 4)
    found[kind[1] if kind else "other"] += size
    found["frames"] += 1
    found["rows"] += frame.count(' id="m-')
    persons = PERSON.findall(frame)
    found["persons"] += len(persons)
    found["bytes of persons"] += sum(len(row.encode()) for row in persons)


async def measured(url: str, people: int, seconds: float) -> dict[str, float]:
    """Megabytes an hour, the part of it that tells of people, and bytes of a message and of a
    person's row."""
    async with simulated(url, people):
        frames = await frames_sent(url, seconds, people)
    return figures_of(counted(frames), seconds)


def figures_of(found: Counter[str], seconds: float) -> dict[str, float]:
    """What came of none of has no size."""
    hours = seconds / HOUR_S
    pieces = {kind for kind in found if kind.startswith("people")}
    figures = {
        "mb_hour": found["all"] / 1e6 / hours,
        "people_mb_hour": sum(found[kind] for kind in pieces) / 1e6 / hours,
        "frames_hour": found["frames"] / hours,
    }
    if found["rows"]:
        figures["message_bytes"] = found["messages"] / found["rows"]
    if found["persons"]:
        figures["person_bytes"] = found["bytes of persons"] / found["persons"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--people", type=int, default=80)
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    for name, value in asyncio.run(measured(asked.url, asked.people, asked.minutes * 60)).items():
        print(f"{name:16} {value:12,.2f}")


if __name__ == "__main__":
    main()
