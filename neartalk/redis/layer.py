"""The channel layer of channels_redis, on connections of our own.

Its groups, channels and messages are as the library has them. Its connections take a pool and a
lock for each publish and a timeout for each message that comes, which is ten times what it costs
here, and hear what their own process published. Any message may be lost.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
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


class PubSubLayer(RedisPubSubLoopLayer):
    """Spread over all hosts, for one event loop. What is sent to a group comes to all that are in
    it, but to nobody in the process that sent it."""

    def __init__(self, hosts: Sequence[Mapping[str, Any]], prefix: str) -> None:
        super().__init__(hosts, prefix, channel_layer=RedisPubSubChannelLayer())
        self._shards = [Shard(host, self._enqueue) for host in hosts]
        self.own: set[bytes] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        name, packed = self._get_group_channel_name(group), self.channel_layer.serialize(message)
        if len(self.own) >= OWN_MAX:
            self.own.clear()
        self.own.add(packed)
        await self._get_shard(name).publish(name, packed)

    async def _subscribe_to_channel(self, channel: str) -> None:
        """One that could not be subscribed to is forgotten: whoever asked asks for another."""
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)
            self._get_shard(channel).subscriber.forget(channel)
            raise

    def _enqueue(self, name: str, packed: bytes) -> None:
        """A message came to a channel, or to a group."""
        if packed in self.own:
            self.own.discard(packed)
            return
        for channel in (name,) if name in self.channels else self.groups.get(name, ()):
            unread = self.channels.get(channel)
            if unread is not None and unread.qsize() < UNREAD_MAX:
                unread.put_nowait(packed)


class Shard:
    """What the layer asks of one host."""

    def __init__(self, host: Mapping[str, Any], on_message: Callable[[str, bytes], None]) -> None:
        self.publisher = Pipeline(maker(host))
        self.subscriber = Subscriber(maker(host), on_message)
        self.subscribe = self.subscriber.subscribe
        self.unsubscribe = self.subscriber.unsubscribe

    async def publish(self, name: str, packed: bytes) -> None:
        await self.publisher.send("PUBLISH", name, packed)

    async def flush(self) -> None:
        await asyncio.gather(self.publisher.aclose(), self.subscriber.aclose())


def maker(host: Mapping[str, Any]) -> Callable[[], LostAlike]:
    """Makes connections of redis-py to a host, not open yet, that try nothing twice."""
    options = {**host, "socket_connect_timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S}
    kind = cast(type[LostAlike], options.pop("connection_class"))
    return lambda: kind(**options, retry=Retry(NoBackoff(), 0))
