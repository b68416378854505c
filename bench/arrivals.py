"""What an arrival costs the server, done as the page does it, and what a call costs: CPU of its
processes. Scripts and style sheets are not in it: a browser keeps those."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from websockets.asyncio.client import connect

from bench import crowd
from bench.measurements import Measurement
from bench.stacks import HTML, STACKS, running
from presence.geo import centre
from tests.support.client import route_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.case_size import CaseSize
    from bench.stacks import Running
    from presence.values import Place

EACH = 10
# Few enough that no connection is closed for being idle between two steps.
AT_ONCE = 25
# No TLS is spoken here, and to load the certificates takes longer than to arrive.
TLS = ssl.create_default_context()
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class BareBrowser:
    """A browser without its scripts: cookies, the page's token, and the calls it makes."""

    url: str
    place: Place
    stack: AsyncExitStack
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        headers = {"HX-Request": "true", "Origin": self.url}
        self.http = httpx.AsyncClient(
            base_url=self.url, headers=headers, trust_env=False, verify=TLS, timeout=30
        )

    async def open_page(self) -> None:
        await self.stack.enter_async_context(self.http)
        found = TOKEN.search(succeeded(await self._page("/")).text)
        assert found, "the page names no token"
        self.http.headers["X-CSRFToken"] = found[1]

    async def begin(self) -> None:
        succeeded(await self.http.post("/api/session/create"))

    async def publish(self) -> None:
        lat, lon = centre(self.place.cell)
        values = {"lat": str(lat), "lon": str(lon), "radius": str(self.place.radius_m)}
        near = route_hint(self.place.cell)
        succeeded(await self.http.post(f"/api/location/update?near={near}", data=values))

    async def enter(self) -> None:
        succeeded(await self._page("/near"))

    async def open_socket(self) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        address = f"{self.url.replace('http', 'ws', 1)}/ws?near={route_hint(self.place.cell)}"
        opening = connect(
            address,
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookies},
            compression=None,
            proxy=None,
            max_size=None,
        )
        socket = await self.stack.enter_async_context(opening)
        while HTML.ready not in str(await socket.recv()):
            pass

    async def _page(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"HX-Request": "", "Accept-Encoding": "gzip"})


STEPS: dict[str, Callable[[BareBrowser], Awaitable[None]]] = {
    "page": BareBrowser.open_page,
    "session": BareBrowser.begin,
    "place": BareBrowser.publish,
    "near": BareBrowser.enter,
    "socket": BareBrowser.open_socket,
}


async def arrivals(stack: str, size: CaseSize) -> list[Measurement]:
    """People who come ten to a place, and then say once more where they are."""
    places = crowd.rooms(size.arrivals // EACH, EACH)
    async with AsyncExitStack() as ending:
        servers = ending.enter_context(running(STACKS[stack]))
        some = [BareBrowser(servers.urls[0], place, ending) for place in crowd.one_place(EACH)]
        await measured(servers, some)  # whatever is loaded at first use
        visitors = [BareBrowser(servers.urls[0], place, ending) for place in places]
        figures = await measured(servers, visitors)
        figures["arrival_ms"] = sum(figures.values())
        figures["call_ms"] = await cost_of(servers, BareBrowser.publish, visitors)
    return [Measurement("arrivals", stack, len(visitors), 0, figures)]


async def measured(servers: Running, visitors: Sequence[BareBrowser]) -> dict[str, float]:
    """Milliseconds of CPU for each visitor and step."""
    figures = dict.fromkeys((f"{name}_ms" for name in STEPS), 0.0)
    for start in range(0, len(visitors), AT_ONCE):
        some = visitors[start : start + AT_ONCE]
        for name, step in STEPS.items():
            share = len(some) / len(visitors)
            figures[f"{name}_ms"] += await cost_of(servers, step, some) * share
    return figures


async def cost_of(
    servers: Running,
    step: Callable[[BareBrowser], Awaitable[None]],
    visitors: Sequence[BareBrowser],
) -> float:
    before_s = cpu_s(servers.pids)
    for visitor in visitors:
        await step(visitor)
    await asyncio.sleep(0)
    return (cpu_s(servers.pids) - before_s) * 1000 / len(visitors)


def cpu_s(pids: Sequence[int]) -> float:
    """By the clocks of the processes, to the microsecond (clock_getcpuclockid(3))."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def succeeded(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.url.path}: {answer.status_code} {answer.text[:200]}"
    return answer
