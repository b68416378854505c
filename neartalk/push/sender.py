"""Sends a push to the service of somebody's browser: to known hosts alone, within 10 s, once."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Self

import httpcore
from django.conf import settings

from neartalk.push.encryption import sealed
from neartalk.push.hosts import is_known, origin_of
from neartalk.push.network import CONNECTIONS, new_pool
from neartalk.push.subscription import PushSubscription
from neartalk.push.vapid import VapidKeys

TIMEOUT_S = 10.0
GONE = {404, 410}
# What is read behind the head of an answer; a connection with more on it is not kept.
ANSWER_BYTES = 4096
NO_CONTENT = 204
FAULTS = (
    TimeoutError,
    OSError,
    ValueError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
)


class PushOutcome(StrEnum):
    SENT = "sent"
    GONE = "gone"
    FAILED = "failed"


class PushSender:
    """One a process. Nothing that is sent or comes back stands in a line: httpcore is told to say
    nothing below a warning. Connections are kept for the pushes that follow."""

    def __init__(self, keys: VapidKeys, hosts: Sequence[str], life_s: int) -> None:
        """`life_s`: how long a service keeps a push for a device that is off."""
        self.keys, self.hosts, self.life_s = keys, hosts, life_s
        self.pool: httpcore.AsyncConnectionPool | None = None
        self.ended = False
        self.turns, self.making = asyncio.Semaphore(CONNECTIONS), asyncio.Lock()

    @classmethod
    def build(cls) -> Self | None:
        """None where pushes are off."""
        if not settings.VAPID_PRIVATE_KEY:
            return None
        keys = VapidKeys(settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT)
        return cls(keys, settings.PUSH_HOSTS, settings.MESSAGE_LIFE_SECONDS)

    def takes(self, endpoint: str) -> bool:
        """Whether a push may go there."""
        return is_known(endpoint, self.hosts)

    async def send(
        self, push: PushSubscription, payload: bytes, keep_s: int | None = None
    ) -> PushOutcome:
        """Posts a payload, encrypted and signed, which its service keeps for `keep_s` at most.
        Never raises for what the service does, or for an endpoint that leads nowhere."""
        if self.ended or not self.takes(push.endpoint):
            return PushOutcome.FAILED
        keep_s = self.life_s if keep_s is None else min(keep_s, self.life_s)
        until_s = asyncio.get_running_loop().time() + keep_s
        pool = await self._ready()
        try:
            body = await asyncio.to_thread(sealed, push, payload)
            # With the wait for its turn: whatever one service does, no push is late by more.
            async with asyncio.timeout(TIMEOUT_S), self.turns:
                status = await self._post(pool, push.endpoint, body, until_s)
        except FAULTS:
            return PushOutcome.FAILED
        if status in GONE:
            return PushOutcome.GONE
        return PushOutcome.SENT if status in {200, 201, 202, 204} else PushOutcome.FAILED

    async def _ready(self) -> httpcore.AsyncConnectionPool:
        """The one pool, made with the first push: reading all certificates takes a while."""
        async with self.making:
            if self.pool is None:
                self.pool = await asyncio.to_thread(new_pool, self.hosts)
            return self.pool

    async def _post(
        self, pool: httpcore.AsyncConnectionPool, endpoint: str, body: bytes, until_s: float
    ) -> int:
        """The status of the answer. Whoever is led elsewhere does not go there."""
        url = httpcore.URL(endpoint)
        headers = {
            "Host": (origin_of(endpoint) or "").partition("://")[2],
            "Authorization": self.keys.authorization(origin_of(endpoint) or ""),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(body)),
            "TTL": str(max(0, round(until_s - asyncio.get_running_loop().time()))),
            "Urgency": "high",
        }
        async with pool.stream("POST", url, headers=[*headers.items()], content=body) as answer:
            if is_short(answer):
                await answer.aread()
            return answer.status

    async def close(self) -> None:
        """Ends what is under way, and all connections; from now on nothing is sent."""
        self.ended = True
        if self.pool:
            await self.pool.aclose()


def is_short(answer: httpcore.Response) -> bool:
    """Whether it is read to its end, which leaves its connection free for the next push."""
    named = {name.lower(): value for name, value in answer.headers}
    length = named.get(b"content-length", b"").decode("latin-1")
    return answer.status == NO_CONTENT or (length.isdecimal() and int(length) <= ANSWER_BYTES)
