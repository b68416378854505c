"""People in voice without a browser: a session, a place and a socket at /signal each."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from tests.support.client import Tab, api, bearer_of, opened_at, place, session
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

    from tests.support.client import Door, Frame, Spot
    from tests.support.servers import Server

_instances = itertools.count()


def new_instance() -> str:
    return f"instance-{next(_instances)}"


class Speaker(Tab):
    """A session's socket at /signal; `latest` is the newest list of peers."""

    def __init__(
        self, server: Server, http: httpx.AsyncClient, created: Frame, tab: Tab, instance: str
    ) -> None:
        super().__init__(tab.socket)
        self.server, self.http, self.instance = server, http, instance
        self.key = str(created["session_id"])
        self.person_id, self.name = str(created["person_id"]), str(created["username"])
        self.latest: Frame = {}

    async def join(self, policy: str = "direct", **door: str) -> Self:
        await self.send("voice.join", policy=policy, instance=self.instance, **door)
        await self.peers()
        return self

    async def peers(self) -> Frame:
        """The next list."""
        self.latest = await self.expect("voice.peers")
        return self.latest

    async def expect_state(self, other: Speaker, state: str | None) -> Frame:
        """Waits until the list shows them in this state; None: until it does not show them."""
        async with deadline(f"{other.name} is shown as {state}"):
            while True:
                found = [one for one in self.known() if one["person_id"] == other.person_id]
                if [one["state"] for one in found] == ([] if state is None else [state]):
                    return found[0] if found else {}
                await self.peers()

    def known(self) -> list[dict[str, Any]]:
        return list(self.latest.get("peers", []))

    async def call(self, other: Speaker) -> None:
        """Knocks, and the other accepts; returns when both lists show the call as live."""
        await self.send("voice.knock", to=other.person_id)
        await other.expect_state(self, "knocks")
        await other.send("voice.accept", to=self.person_id)
        await self.expect_state(other, "live")
        await other.expect_state(self, "live")

    async def move(self, spot: Spot, radius: int = 500) -> None:
        await place(self.http, *spot, radius)

    async def leave_session(self) -> None:
        answer = await self.http.post("/api/session/leave")
        assert answer.status_code == 204, answer.text


@asynccontextmanager
async def speaker(
    server: Server, spot: Spot, name: str, *, radius: int = 500, instance: str = ""
) -> AsyncIterator[Speaker]:
    """A speaker who has not joined voice yet."""
    async with api(server) as http:
        created = await session(http, name)
        http.headers.update(bearer_of(created["session_id"]))
        await place(http, *spot, radius)
        async with at_signal(server, bearer_of(created["session_id"])) as tab:
            yield Speaker(server, http, created, tab, instance or new_instance())


@asynccontextmanager
async def at_signal(server: Door, headers: Mapping[str, str]) -> AsyncIterator[Tab]:
    """A socket at /signal, once its session is loaded and pings are answered."""
    async with opened_at(server, "/signal", headers) as socket:
        tab = Tab(socket)
        async with deadline("the pong"):
            while True:
                await tab.send("ping")
                frame = (await tab._receive())[0]
                if frame["type"] == "pong":
                    break
        yield tab
