"""Each Redis: whether it answers and does what people need, how fast, and whether it has room. How
it is set to keep and to evict is told by the system checks."""

import time
from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from neartalk import clock as own_clock
from neartalk.doctor.check import Check, CheckOptions, Finding, clock, fault, ok, warning
from neartalk.doctor.redis_permissions import permissions
from neartalk.redis import FINAL, host_and_port, info_of, redis_nodes, redis_urls, refusal_of

# XADD with MINID.
VERSION_MIN = (6, 2)
PINGS = 5
SLOW_MS = 5.0
FULL = 0.8
MIB = 1 << 20


def checks_for(options: CheckOptions) -> Iterable[Check]:
    for url in redis_urls():
        yield Check(f"Redis {host_and_port(url)}", partial(check_redis, url, options.timeout_s))


def check_redis(url: str, timeout_s: float) -> Iterator[Finding]:
    yield from password(url)
    try:
        with redis_nodes(url, timeout_s) as each:
            for address, client in each.items():
                for finding in (*one(client, info_of(client)), *permissions(client, url)):
                    where = f"{address}: " if len(each) > 1 else ""
                    yield finding._replace(message=where + finding.message)
    except (RedisError, OSError) as why:
        if word := refusal_of(why):
            yield fault(*FINAL[word])
            return
        message = f"It does not answer: {type(why).__name__}."
        yield fault(message, "Start it, or set REDIS_URL to where it is; see that no firewall is.")


def one(client: Redis, info: dict[str, Any]) -> Iterator[Finding]:
    """What is to say of a Redis that answers."""
    if info:
        yield from version(str(info["redis_version"]))
        yield from role(client, info)
        yield from memory(info["used_memory"], info["maxmemory"])
    else:
        yield ok("It does not say how it is: INFO is forbidden to us, and not needed.")
    asked_ms = own_clock.now_ms()
    seconds, micros = client.time()
    took_ms = own_clock.now_ms() - asked_ms
    yield from clock(seconds + micros / 1e6 - (asked_ms + took_ms / 2) / 1000)
    yield round_trip(min(ping_ms(client) for _ in range(PINGS)))


def password(url: str) -> Iterator[Finding]:
    """A Redis on the public network needs a password: without one, anybody reads messages."""
    parts = urlsplit(url)
    if parts.hostname and not parts.password and not is_private(parts.hostname):
        message = "It is on the public network and asks for no password."
        yield fault(message, "Give it a password and a private address.")


def is_private(host: str) -> bool:
    """A name may be of a private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return True


def version(text: str) -> Iterator[Finding]:
    if tuple(int(part) for part in text.split(".")[:2]) < VERSION_MIN:
        least = ".".join(map(str, VERSION_MIN))
        yield fault(f"It is version {text}.", f"Run Redis {least} or newer, or Valkey.")


def role(client: Redis, info: dict[str, Any]) -> Iterator[Finding]:
    if info["role"] != "master":
        yield fault("It is a replica, which takes nothing in.", "Set REDIS_URL to its master.")
    if info.get("cluster_enabled") and client.cluster("info")["cluster_state"] != "ok":
        message = "Its cluster has slots that no master serves."
        yield fault(message, "See redis-cli --cluster check, and bring the master back.")


def memory(used: int, most: int) -> Iterator[Finding]:
    if not most:
        message = "It has no memory limit: when memory is short, the system ends it."
        yield warning(message, "Set maxmemory to what the machine can spare.")
    elif used > most:
        message = "Its memory is full: nobody can say anything."
        yield fault(message, "Raise maxmemory, or add a master.")
    elif used > most * FULL:
        message = f"It has used {used // MIB:,} of {most // MIB:,} MB."
        yield warning(message, "Raise maxmemory, or add a master.")


def ping_ms(client: Redis) -> float:
    start_s = time.perf_counter()
    client.ping()
    return (time.perf_counter() - start_s) * 1000


def round_trip(took_ms: float) -> Finding:
    if took_ms <= SLOW_MS:
        return ok(f"It answers in {took_ms:.1f} ms.")
    message = f"It answers in {took_ms:.0f} ms, which every message waits for."
    return warning(message, "Bring it closer, or give it a core of its own.")
