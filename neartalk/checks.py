"""What must be set right before strangers may trust this server: Django's system checks."""

from collections.abc import Iterator, Sequence
from filecmp import cmp
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from redis import Redis
from redis.exceptions import RedisError

from neartalk.redis import TIMEOUT_S
from neartalk.retention import KEPT


@register(Tags.security)
def hosts_are_named(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or settings.ALLOWED_HOSTS:
        return []
    hint = "Set ALLOWED_HOSTS to the names people reach this server by."
    return [Error("DEBUG is off and no host is allowed.", hint=hint, id="neartalk.E001")]


@register(Tags.security)
def renames_are_few(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.RENAMES in {2, 3}:
        return []
    hint = "With more, a name says nothing; with fewer, a slip cannot be mended."
    return [Error("RENAMES must be 2 or 3.", hint=hint, id="neartalk.E002")]


@register(Tags.security)
def records_are_kept_a_while(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    short = [kept.days for kept in KEPT if kept.days and kept.day_count < 1]
    if not short:
        return []
    hint = f"{', '.join(short)} must be at least 1, or what is still needed is deleted."
    return [Error("A record is kept for less than a day.", hint=hint, id="neartalk.E008")]


@register(Tags.security)
def relay_has_a_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if bool(settings.TURN_URLS) == bool(settings.TURN_SECRET):
        return []
    hint = "Set TURN_URLS and TURN_SECRET together; the relay knows the secret too."
    return [Error("The relay is set by half.", hint=hint, id="neartalk.E007")]


@register(Tags.files)
def static_files_are_collected(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    if settings.DEBUG or all(copy.exists() and cmp(file, copy) for file, copy in static_files()):
        return []
    hint = "Run manage.py collectstatic: browsers keep what it makes, and do not ask again."
    return [
        Warning(
            "Static files are not collected, or have changed since.",
            hint=hint,
            id="neartalk.W009",
        )
    ]


def static_files() -> Iterator[tuple[Path, Path]]:
    """Each static file, and where collectstatic copies it to."""
    for finder in get_finders():
        for path, storage in finder.list(None):
            yield Path(storage.path(path)), settings.STATIC_ROOT / path


@register(Tags.caches)
def redis_forgets(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A Redis that writes to a disk keeps what was said; one that evicts loses what was acked."""
    if not settings.REDIS_URL:
        return []
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_S, decode_responses=True
        ) as client:
            found: dict[str, str] = client.config_get()
    except RedisError:
        hint = "The server starts all the same; whether Redis writes to a disk is not known."
        return [Warning("Redis does not say how it is set.", hint=hint, id="neartalk.W003")]
    return [*disk(found), *eviction(found), *slowlog(found)]


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
