"""Connections to push services: to public addresses alone, kept for the next push."""

import asyncio
import socket
from collections.abc import Iterable, Sequence

import httpcore

from neartalk.push.hosts import is_public, named_addresses

CONNECTIONS = 8
# Services close what is idle for longer than this; a push on its way must not meet that.
KEPT_S = 30.0
SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Looks up a name for each new connection, and connects to what was looked at: a name that
    stands for another address a moment later changes nothing."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.named = named_addresses(hosts)
        self.backend: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 as the base has it
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises OSError, ValueError, httpcore.ConnectError."""
        address = await self._address(host, port)
        return await self.backend.connect_tcp(address, port, timeout, local_address, socket_options)

    async def _address(self, host: str, port: int) -> str:
        """One that is nobody's own network, unless the operator named it. Raises OSError."""
        if (host, port) in self.named:
            return host
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        public = [one for one in addresses if is_public(one)]
        if not public or len(public) < len(addresses):
            raise OSError("no public address")
        return public[0]


def new_pool(hosts: Sequence[str]) -> httpcore.AsyncConnectionPool:
    """Through no proxy of the environment, with no cookie, and nowhere else than it is told."""
    return httpcore.AsyncConnectionPool(
        ssl_context=httpcore.default_ssl_context(),
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS,
        keepalive_expiry=KEPT_S,
        network_backend=PublicNetwork(hosts),
    )
