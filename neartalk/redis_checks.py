"""How Redis must be set, so that it keeps nothing that was said and loses nothing that was acked:
Django's system checks."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from redis.exceptions import RedisError

from neartalk.redis import FINAL, TIMEOUT_S, redis_nodes, redis_urls, refusal_of

# What a managed Redis may not tell, or tell in part.
CONFIGURED = {"save", "appendonly", "maxmemory-policy", "slowlog-log-slower-than"}


@register(Tags.caches)
def layer_has_a_redis(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A cluster tells each of its masters what is published at any, and the cache can't ask it."""
    if len(settings.REDIS_URLS) < 2 or settings.LAYER_REDIS_URLS != settings.REDIS_URLS:
        return []
    hint = "Set LAYER_REDIS_URL to one Redis or more that are no part of the cluster."
    return [Error("The channel layer has no Redis.", hint=hint, id="neartalk.E010")]


@register(Tags.caches)
def redis_forgets(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A Redis that writes to a disk keeps what was said; one that evicts loses what was acked."""
    found = [message for url in redis_urls() for message in settings_of(url)]
    return [message for at, message in enumerate(found) if message not in found[:at]]


def settings_of(url: str) -> list[CheckMessage]:
    """Of a cluster that of each master."""
    refused = ""
    try:
        with redis_nodes(url, TIMEOUT_S) as each:
            found: list[dict[str, str]] = [client.config_get() for client in each.values()]
    except RedisError as why:
        found, refused = [], refusal_of(why)
    if refused in FINAL and refused != "NOPERM":
        about = FINAL[refused]
        hint = f"{about.message} {about.hint}"
        return [Warning("Redis refuses for good.", hint=hint, id="neartalk.W017")]
    if not found or any(not one.keys() >= CONFIGURED for one in found):
        hint = "The server starts all the same; whether Redis writes to a disk is not known."
        return [Warning("Redis does not say how it is set.", hint=hint, id="neartalk.W003")]
    return [message for one in found for message in (*disk(one), *eviction(one), *slowlog(one))]


def disk(found: dict[str, str]) -> list[CheckMessage]:
    if settings.REDIS_MAY_KEEP or (not found["save"] and found["appendonly"] == "no"):
        return []
    hint = "Start it with --save '' --appendonly no, or set REDIS_MAY_KEEP=1 if you mean it."
    return [Error("Redis writes what was said to a disk.", hint=hint, id="neartalk.E004")]


def eviction(found: dict[str, str]) -> list[CheckMessage]:
    if settings.REDIS_MAY_KEEP or found["maxmemory-policy"] == "noeviction":
        return []
    hint = "Start it with --maxmemory-policy noeviction."
    return [Error("Redis may evict messages that were acked.", hint=hint, id="neartalk.E005")]


def slowlog(found: dict[str, str]) -> list[CheckMessage]:
    if int(found["slowlog-log-slower-than"]) < 0:
        return []
    hint = "Start it with --slowlog-log-slower-than -1: the log keeps arguments, and so texts."
    return [Warning("Redis has its slow log on.", hint=hint, id="neartalk.W006")]
