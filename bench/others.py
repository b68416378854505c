"""People to speak with who cost little: each has a session and a socket at /signal, and all of them
share one page that holds a connection for each."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from bench.browsers import chromium
from tests.voice.speakers import Speaker, speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page, Playwright

    from tests.support.client import Frame, Spot
    from tests.support.servers import Server

# They ask for what our page does. Candidates travel in the descriptions. Muted or not, all of them
# say the same.
CONNECT = """
  const calls = new Map();
  let voice;
  const begin = async (id) => {
    voice ??= navigator.mediaDevices.getUserMedia({ audio: true });
    const stream = await voice;
    const call = new RTCPeerConnection();
    for (const track of stream.getTracks()) call.addTrack(track, stream);
    calls.set(id, call);
    return call;
  };
  const described = async (call) => {
    await call.setLocalDescription();
    while (call.iceGatheringState !== 'complete') {
      await new Promise((done) => { call.onicegatheringstatechange = done; });
    }
    const { withOpusOptions } = await import('/static/js/voice/calls/sdp.js');
    return withOpusOptions(call.localDescription.sdp);
  };
  window.others = {
    offer: async (id) => described(await begin(id)),
    answer: async ([id, sdp]) => {
      const call = calls.get(id) ?? (await begin(id));
      await call.setRemoteDescription({ type: 'offer', sdp });
      return described(call);
    },
    acceptAnswer: ([id, sdp]) => calls.get(id).setRemoteDescription({ type: 'answer', sdp }),
    reach: ([id, candidate]) => calls.get(id).addIceCandidate({ candidate, sdpMLineIndex: 0 }),
    mute: async (muted) => {
      for (const track of (await voice).getTracks()) track.enabled = !muted;
    },
  };
"""


class Others:
    """They knock at one person, and do as that person's page asks."""

    def __init__(self, server: Server, page: Page, spot: Spot) -> None:
        self.server, self.page, self.spot = server, page, spot
        self.stack = AsyncExitStack()
        self.tasks: list[asyncio.Task[None]] = []

    async def bring(self, name: str, to: str) -> str:
        """One more, who knocks; their id."""
        one = await self.stack.enter_async_context(speaker(self.server, self.spot, name))
        await one.join()
        await one.send("voice.knock", to=to)
        self.tasks.append(asyncio.create_task(self._follow(one, to)))
        return one.person_id

    async def mute(self, muted: bool) -> None:
        await self.page.evaluate("(muted) => others.mute(muted)", muted)

    async def close(self) -> None:
        """Raises what went wrong meanwhile."""
        for task in self.tasks:
            task.cancel()
        ended = await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.stack.aclose()
        for why in ended:
            if isinstance(why, Exception):
                raise why

    async def _follow(self, one: Speaker, to: str) -> None:
        begun = False
        async for raw in one.socket:
            frame = json.loads(raw)
            if frame["type"] == "voice.peers" and not begun and offers(frame, to):
                begun = True
                await self._describe(one, to, "offer", one.person_id)
            elif frame["type"] == "voice.offer":
                await self._describe(one, to, "answer", [one.person_id, frame["sdp"]])
            elif frame["type"] == "voice.answer":
                await self._do("acceptAnswer", [one.person_id, frame["sdp"]])
            elif frame["type"] == "voice.candidate":
                await self._do("reach", [one.person_id, frame["candidate"]])

    async def _describe(self, one: Speaker, to: str, kind: str, about: Any) -> None:
        await one.send(f"voice.{kind}", to=to, sdp=await self._do(kind, about))

    async def _do(self, act: str, about: Any) -> Any:
        return await self.page.evaluate(f"(about) => others.{act}(about)", about)


def offers(frame: Frame, to: str) -> bool:
    """Whether somebody is to be connected, and the first offer is not theirs."""
    return any(
        one["person_id"] == to and one["state"] == "live" and not one["polite"]
        for one in frame["peers"]
    )


@asynccontextmanager
async def others(playwright: Playwright, server: Server, spot: Spot) -> AsyncIterator[Others]:
    async with chromium(playwright) as context:
        await context.add_init_script(CONNECT)
        page = await context.new_page()
        await page.goto(server.url)
        crowd = Others(server, page, spot)
        try:
            yield crowd
        finally:
            await crowd.close()
