"""The channel layer: groups and channels between processes, by Redis' pub/sub.

Channels and messages stand in Redis as channels_redis has them, so that processes of the release
before are understood. There each publish takes a connection of a pool and a lock, and each message
that comes a timeout: ten times what it costs here. Any message may be lost.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from channels_redis.serializers import registry
from channels_redis.utils import _consistent_hash as consistent_hash
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neartalk.redis.client import TIMEOUT_S
from neartalk.redis.connection import LostAlike
from neartalk.redis.pipeline import Pipeline
from neartalk.redis.subscriber import Subscriber

# So many messages wait for a reader; more are lost.
UNREAD_MAX = 10_000
# Of what was published here, so much is known again when it comes.
OWN_MAX = 1_000

Message = dict[str, Any]

serializer = registry.get_serializer("msgpack")


class PubSubLayer:
    """What Channels calls a layer, spread over all hosts. What is sent to a group comes to all that
    are in it, but to nobody in the process that sent it."""

    extensions = ("groups",)

    def __init__(self, hosts: Sequence[Mapping[str, Any]], prefix: str) -> None:
        self.prefix = prefix
        self.publishers = [Pipeline(maker(host)) for host in hosts]
        self.subscribers = [Subscriber(maker(host), self._enqueue) for host in hosts]
        self.unread: dict[str, asyncio.Queue[bytes]] = {}
        self.groups: dict[str, set[str]] = {}
        self.own: set[bytes] = set()

    async def new_channel(self, prefix: str = "specific.") -> str:
        channel = f"{self.prefix}{prefix}{uuid.uuid4().hex}"
        self.unread[channel] = asyncio.Queue()
        await self._subscriber(channel).subscribe(channel)
        return channel

    async def send(self, channel: str, message: Message) -> None:
        await self._publish(channel, serializer.serialize(message))

    async def receive(self, channel: str) -> Message:
        """The next message of a channel of this process."""
        return cast(Message, serializer.deserialize(await self.unread[channel].get()))

    async def group_add(self, group: str, channel: str) -> None:
        name = self._name(group)
        self.groups.setdefault(name, set()).add(channel)
        await self._subscriber(name).subscribe(name)

    async def group_discard(self, group: str, channel: str) -> None:
        name = self._name(group)
        channels = self.groups.get(name, set())
        channels.discard(channel)
        if not channels and self.groups.pop(name, None) is not None:
            await self._subscriber(name).unsubscribe(name)

    async def group_send(self, group: str, message: Message) -> None:
        packed = serializer.serialize(message)
        if len(self.own) >= OWN_MAX:
            self.own.clear()
        self.own.add(packed)
        await self._publish(self._name(group), packed)

    async def aclose(self) -> None:
        closing = [each.aclose() for each in self.publishers]
        closing += [each.aclose() for each in self.subscribers]
        await asyncio.gather(*closing)

    # ---- Steps -------------------------------------------------------------------------------

    def _name(self, group: str) -> str:
        return f"{self.prefix}__group__{group}"

    def _subscriber(self, name: str) -> Subscriber:
        return self.subscribers[self._turn(name)]

    async def _publish(self, name: str, packed: bytes) -> None:
        await self.publishers[self._turn(name)].send("PUBLISH", name, packed)

    def _turn(self, name: str) -> int:
        return int(consistent_hash(name, len(self.publishers)))

    def _enqueue(self, name: str, packed: bytes) -> None:
        """A message came to a channel, or to a group."""
        if packed in self.own:
            self.own.discard(packed)
            return
        for channel in (name,) if name in self.unread else self.groups.get(name, ()):
            unread = self.unread[channel]
            if unread.qsize() < UNREAD_MAX:
                unread.put_nowait(packed)


def maker(host: Mapping[str, Any]) -> Callable[[], LostAlike]:
    """Makes connections of redis-py to a host, not open yet, that try nothing twice."""
    options = {**host, "socket_connect_timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S}
    kind = cast(type[LostAlike], options.pop("connection_class"))
    return lambda: kind(**options, retry=Retry(NoBackoff(), 0))
