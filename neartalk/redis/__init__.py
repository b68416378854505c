"""The way to Redis: one of them, or a cluster. `Store` is all that is asked of either; no command
is sent twice, and none waits for over 2 s."""

from neartalk.redis.client import TIMEOUT_S, connect
from neartalk.redis.names import named, prefix
from neartalk.redis.nodes import host_and_port, info_of, redis_nodes, redis_urls
from neartalk.redis.pipeline import Command
from neartalk.redis.probe import commands, probe
from neartalk.redis.refusals import FINAL, RefusalsOnce, passing_of, refusal_log, refusal_of
from neartalk.redis.shared import open_store
from neartalk.redis.store import Script, Store, script, unknown_when_lost

__all__ = [
    "FINAL",
    "TIMEOUT_S",
    "Command",
    "RefusalsOnce",
    "Script",
    "Store",
    "commands",
    "connect",
    "host_and_port",
    "info_of",
    "named",
    "open_store",
    "passing_of",
    "prefix",
    "probe",
    "redis_nodes",
    "redis_urls",
    "refusal_log",
    "refusal_of",
    "script",
    "unknown_when_lost",
]
