"""How much there is and happens now, for `manage.py stats`: what each app adds in a module `stats`.

What Redis holds is found by a walk over its keys that ends after so many, whatever there is: the
rest is taken to be like them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from redis import Redis
from redis.exceptions import RedisError

from neartalk.redis import host_and_port, redis_nodes, redis_urls

KEYS_MAX = 20_000
STEP = 1000
TIMEOUT_S = 2.0
MIB = 1 << 20


class Figure(NamedTuple):
    """`value` is None where it is not known; `note` then says why."""

    of: str
    what: str
    value: float | None
    note: str = ""


class Counted(NamedTuple):
    """What keys of a kind stand for: one each, or as many as `command` says of one, but for `less`
    that are no part of it."""

    what: str
    keys: re.Pattern[str]
    command: str = ""
    less: int = 0


Source = Callable[[], Iterable[Figure]]
COUNTED: list[Counted] = []
SOURCES: list[Source] = []


def shared() -> Iterator[Figure]:
    """What stands in every Redis, and how each of them is."""
    sums, about, each = Counter[str](), False, list[Figure]()
    for url in redis_urls():
        try:
            with redis_nodes(url, TIMEOUT_S) as found:
                for address, client in found.items():
                    counts, share = held(client, COUNTED)
                    sums.update({what: round(count / share) for what, count in counts.items()})
                    about |= share < 1
                    each += pulse_of(f"Redis {address}", client)
        except (RedisError, OSError) as why:
            away = f"does not answer: {type(why).__name__}"
            each.append(Figure(f"Redis {host_and_port(url)}", "memory", None, away))
    note = f"about, by {KEYS_MAX:,} keys of each" if about else ""
    if sums:
        yield from (Figure("here", one.what, sums[one.what], note) for one in COUNTED)
    yield from each


def held(client: Redis, counted: Sequence[Counted]) -> tuple[Counter[str], float]:
    """How many of each there are among the keys looked at, and their share of all keys."""
    sums, looked, cursor = Counter({one.what: 0 for one in counted}), 0, 0
    while True:
        cursor, keys = client.scan(cursor, count=STEP)
        looked += len(keys)
        for one in counted:
            fit = [key for key in keys if one.keys.fullmatch(key)]
            sums[one.what] += sum(sizes(client, one, fit)) if one.command else len(fit)
        if not cursor:
            return sums, 1.0
        if looked >= KEYS_MAX:
            return sums, min(1.0, looked / max(1, client.dbsize()))


def sizes(client: Redis, one: Counted, keys: Sequence[str]) -> Iterator[int]:
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.execute_command(one.command, key)
        yield from (max(0, size - one.less) for size in pipe.execute())


def pulse_of(name: str, client: Redis) -> Iterator[Figure]:
    info = client.info()
    most = info["maxmemory"] // MIB
    limit = f"of {most:,}" if most else "without a limit"
    yield Figure(name, "memory, MB", round(info["used_memory"] / MIB, 1), limit)
    yield Figure(name, "commands a second", info["instantaneous_ops_per_sec"])
    yield Figure(name, "clients", info["connected_clients"])
