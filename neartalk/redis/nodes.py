"""Each Redis node one by one, for commands that ask all of them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from neartalk.redis.refusals import refusal_of

# Refusals of whatever is asked.
REFUSES_ALL = {"NOAUTH", "WRONGPASS", "DENIED", "DATABASE"}
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
        if not in_cluster(first):
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


def in_cluster(client: Redis) -> bool:
    """INFO, which says so too, is @dangerous."""
    try:
        client.cluster("info")
    except ResponseError as why:
        if refusal_of(why) in REFUSES_ALL:
            raise
        return False
    return True


def info_of(client: Redis) -> dict[str, Any]:
    """What INFO tells, nothing where our user may not ask. Raises redis' RedisError."""
    try:
        found: dict[str, Any] = client.info()
    except ResponseError as why:
        if refusal_of(why) not in {"NOPERM", "COMMAND"}:
            raise
        return {}
    return found


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
