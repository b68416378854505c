"""What Redis refuses however often it is asked, told apart from an answer that was lost or is late.

Only what is listed here counts as final: all else may pass by itself.
"""

import logging
import re
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple

from redis.exceptions import AuthenticationError, RedisError

from neartalk.logs import chain

# While it goes on a refusal is logged once; one that was not met for so long is a new one.
PAUSE_S = 60.0

log = logging.getLogger("neartalk.redis")


class Advice(NamedTuple):
    """What is wrong, and what an operator does about it."""

    message: str
    hint: str


# By the word that Redis begins its refusal with, or a word of ours where it has none.
FINAL: Mapping[str, Advice] = {
    "READONLY": Advice(
        "It is a replica, which takes nothing in.", "Set REDIS_URL to its master, or make it one."
    ),
    "NOPERM": Advice(
        "Our user may not do what people need.",
        "ACL SETUSER NAME ~neartalk:* &neartalk:* +@all -@dangerous, with your DEPLOYMENT.",
    ),
    "OOM": Advice(
        "Its memory is full: nobody can come in or say anything.",
        "Raise maxmemory, or add a master. Do not let it evict.",
    ),
    "NOAUTH": Advice("It asks for a password.", "Set REDIS_URL to redis://user:password@host."),
    "WRONGPASS": Advice(
        "It refuses our user or password.",
        "Set REDIS_URL to redis://user:password@host, percent-encoded; see ACL LIST.",
    ),
    "MISCONF": Advice(
        "It takes nothing in while it cannot write to its disk.",
        "Start it with --save '' --appendonly no: nothing that is said belongs on a disk.",
    ),
    "NOREPLICAS": Advice(
        "It takes nothing in without more replicas.",
        "Bring them back, or set min-replicas-to-write.",
    ),
    "MOVED": Advice(
        "It is one node of a cluster.", "Name two of its nodes in REDIS_URL, with a comma."
    ),
    "DENIED": Advice(
        "It is in protected mode, and takes nobody from elsewhere.", "Set a password and bind it."
    ),
    "DATABASE": Advice(
        "It has no database of this number.", "Choose another number behind the host, or none."
    ),
    "COMMAND": Advice(
        "It does not know a command that people need.", "Run Redis 6.2 or newer, or Valkey."
    ),
    "TLS": Advice(
        "It cannot be spoken with by TLS as it is set.",
        "See its certificate, its name in REDIS_URL, and ssl_ca_certs; without TLS it is redis://.",
    ),
}
# What may pass by itself, and yet lets nobody in meanwhile.
PASSING = ("LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "BUSY")
# Redis begins with its word. A script that failed, or a pipeline, says it behind other words.
WORD = re.compile(rf"(?:^|caused error: \(?['\"]?|-)(?P<word>{'|'.join(FINAL)})\b")
PHRASES = {
    "ACL failure": "NOPERM",
    "has no permissions": "NOPERM",
    "can't run this command": "NOPERM",
    "DB index is out of range": "DATABASE",
    "Invalid Database": "DATABASE",
    "unknown command": "COMMAND",
}


def refusal_of(error: BaseException) -> str:
    """The word of FINAL that an error, or one that it came from, is about; "" for all others."""
    return next(filter(None, map(word_of, chain(error))), "")


def passing_of(error: BaseException) -> str:
    """The word of PASSING that an error, or one that it came from, is about; "" for all others."""
    for one in filter(lambda each: isinstance(each, RedisError), chain(error)):
        code = getattr(one, "status_code", None) or str(one).partition(" ")[0]
        if code in PASSING:
            return str(code)
    return ""


def word_of(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return "TLS"
    if not isinstance(error, RedisError):
        return ""
    text = str(error)
    code = getattr(error, "status_code", None)
    if code in FINAL:
        return str(code)
    if found := WORD.search(text):
        return found["word"]
    if phrase := next((one for one in PHRASES if one in text), ""):
        return PHRASES[phrase]
    return "WRONGPASS" if isinstance(error, AuthenticationError) else ""


class RefusalLog:
    """One line for each refusal while it goes on, however many calls meet it."""

    def __init__(self) -> None:
        self.met_s: dict[str, float] = {}

    def note(self, word: str) -> None:
        now_s = time.monotonic()
        if now_s - self.met_s.get(word, -PAUSE_S) >= PAUSE_S:
            log.error(
                "redis refuses, and waiting will not help: run manage.py doctor",
                extra={
                    "part": "redis",
                    "error": word,
                },
            )
        self.met_s[word] = now_s


# One a process, for whoever asks Redis.
refusal_log = RefusalLog()


class RefusalsOnce(logging.Filter):
    """Keeps from the log what a library says of such a refusal: it is noted instead."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        word = refusal_of(error) if error else ""
        if word:
            refusal_log.note(word)
        return not word
