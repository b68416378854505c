"""What Redis holds: found by a scan that ends after KEYS_MAX keys, and extrapolated from these."""

from collections import Counter
from collections.abc import Iterator, Sequence

from redis import Redis
from redis.exceptions import RedisError

from neartalk.redis import host_and_port, info_of, prefix, redis_nodes, redis_urls
from neartalk.stats.stat import TIMEOUT_S, KeyCount, Stat

KEYS_MAX = 20_000
STEP = 1000
MIB = 1 << 20


def redis_stats(counted: Sequence[KeyCount]) -> Iterator[Stat]:
    """How many of each of `counted` all Redis nodes hold, and the load of each node."""
    sums, about, each = Counter[str](), False, list[Stat]()
    for url in redis_urls():
        try:
            with redis_nodes(url, TIMEOUT_S) as found:
                for address, client in found.items():
                    counts, share = count_keys(client, counted)
                    sums.update({what: round(count / share) for what, count in counts.items()})
                    about |= share < 1
                    each += load_of(f"Redis {address}", client)
        except (RedisError, OSError) as why:
            away = f"does not answer: {type(why).__name__}"
            each.append(Stat(f"Redis {host_and_port(url)}", "memory", None, away))
    note = f"about, by {KEYS_MAX:,} keys of each" if about else ""
    if sums:
        yield from (Stat("here", one.what, sums[one.what], note) for one in counted)
    yield from each


def count_keys(client: Redis, counted: Sequence[KeyCount]) -> tuple[Counter[str], float]:
    """How many of each are among the keys scanned, and the share of all keys that was scanned;
    those of other deployments count for nothing.

    The scan ends after KEYS_MAX keys.
    """
    sums, scanned, cursor = Counter({one.what: 0 for one in counted}), 0, 0
    while True:
        cursor, keys = client.scan(cursor, count=STEP)
        scanned += len(keys)
        ours = [key for key in keys if key.startswith(prefix())]
        for one in counted:
            fit = [key for key in ours if one.keys.fullmatch(key.removeprefix(prefix()))]
            sums[one.what] += sum(sizes(client, one, fit)) if one.command else len(fit)
        if not cursor:
            return sums, 1.0
        if scanned >= KEYS_MAX:
            return sums, min(1.0, scanned / max(1, client.dbsize()))


def sizes(client: Redis, one: KeyCount, keys: Sequence[str]) -> Iterator[int]:
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.execute_command(one.command, key)
        yield from (max(0, size - one.less) for size in pipe.execute())


def load_of(name: str, client: Redis) -> Iterator[Stat]:
    info = info_of(client)
    if not info:
        yield Stat(name, "memory, MB", None, "may not be asked (INFO)")
        return
    most = info["maxmemory"] // MIB
    limit = f"of {most:,}" if most else "without a limit"
    yield Stat(name, "memory, MB", round(info["used_memory"] / MIB, 1), limit)
    yield Stat(name, "commands a second", info["instantaneous_ops_per_sec"])
    yield Stat(name, "clients", info["connected_clients"])
