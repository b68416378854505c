"""What our user of Redis may not do: each command that people need is tried, on keys of its own."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing

from django.conf import settings
from redis import Redis
from redis.exceptions import MovedError, RedisError, ResponseError

from neartalk.doctor.check import Finding, fault
from neartalk.redis import FINAL, Command, commands, prefix, refusal_of

# Beside a cluster, the channel layer's Redis holds the cache alone.
OF_CACHE = {"SET", "GET"}
TAGS_MAX = 256
WAIT_S = 1.0


def permissions(client: Redis, url: str) -> Iterator[Finding]:
    """What is refused for good, by its reason."""
    wanted = commands(tag_of(client))
    if url not in settings.REDIS_URLS[:1]:
        wanted = [command for command in wanted if command[0] in OF_CACHE]
    refused = defaultdict[str, list[str]](list)
    tried = [*tried_out(client, wanted)]
    if url in settings.LAYER_REDIS_URLS:
        tried += channels(client)
    for word, name in tried:
        refused[word].append(name)
    for word, names in refused.items():
        message, hint = FINAL[word]
        if word == "NOPERM":
            message = f"Our user may not: {', '.join(dict.fromkeys(names))}."
            hint = (
                f"ACL SETUSER NAME ~{prefix()}* &{prefix()}* +@all -@dangerous; our keys and"
                f" channels all begin with {prefix()}"
            )
        yield fault(message, hint)


def tag_of(client: Redis) -> str:
    """A hash tag whose slot this node of a cluster has; any where it is none."""
    for tag in map(str, range(TAGS_MAX)):
        try:
            client.execute_command("GET", commands(tag)[0][3])
        except MovedError:
            continue
        except ResponseError:
            return tag
        return tag
    return "0"


def tried_out(client: Redis, wanted: Iterable[Command]) -> Iterator[tuple[str, str]]:
    """The reason and the name of each command that is refused for good."""
    for command in wanted:
        try:
            client.execute_command(*command)
        except RedisError as why:
            if word := refusal_of(why):
                yield word, what(str(command[0]), why)


def channels(client: Redis) -> Iterator[tuple[str, str]]:
    channel = f"{settings.CHANNEL_PREFIX}doctor"
    yield from tried_out(client, [("PUBLISH", channel, "")])
    try:
        with closing(client.pubsub()) as listener:
            listener.subscribe(channel)
            listener.get_message(timeout=WAIT_S)
    except RedisError as why:
        if word := refusal_of(why):
            yield word, what("SUBSCRIBE", why)


def what(command: str, why: RedisError) -> str:
    """A command, or what all of them lack."""
    text = str(why)
    return "use our keys" if "key" in text else "use our channels" if "channel" in text else command
