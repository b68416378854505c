"""Each Redis node one by one, for commands that ask all of them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# By host and port, which hold no secret as a URL may.
RedisNodes = Mapping[str, Redis]


def redis_urls() -> list[str]:
    """The URL of one Redis, or of one node of a cluster, and those of the channel layer."""
    return [*dict.fromkeys([*settings.REDIS_URLS[:1], *settings.LAYER_REDIS_URLS])]


@contextmanager
def redis_nodes(url: str, timeout_s: float) -> Iterator[RedisNodes]:
    """The Redis at a URL, or every master of the cluster that it is part of.

    Raises redis' RedisError, also later, from the clients.
    """
    with ExitStack() as stack:
        first = stack.enter_context(client_of(url, timeout_s))
        if not first.info("cluster").get("cluster_enabled"):
            yield {host_and_port(url): first}
            return
        found = {}
        for address, node in first.cluster("nodes").items():
            flags = node["flags"].split(",")
            if "master" not in flags:
                continue
            if "myself" in flags:
                found[host_and_port(url)] = first
            else:
                there = client_of(at_address(url, address), timeout_s)
                found[address] = stack.enter_context(there)
        yield found


def client_of(url: str, timeout_s: float) -> Redis:
    """A client that waits for `timeout_s` at most and repeats nothing."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


def host_and_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path


def at_address(url: str, address: str) -> str:
    """The same URL, secret included, at another address."""
    parts = urlsplit(url)
    secret, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{secret}{at}{address}").geturl()
