"""What is left of a conversation half an hour later?

    python bench/canary.py [--minutes N]

People with names, words, places and addresses that stand nowhere else come by two real processes
with Redis and PostgreSQL, do all that one can do, and go. When a message's life and a session's are
over, every key of Redis, every row of PostgreSQL and every byte that any of them wrote to a disk is
searched. What stands in a sealed report may be there, and nowhere else. Ends with 1 if anything is
found. With `--minutes` below 31 lives are shortened to match; below 3 they are shorter than the
45 s for which somebody may come back, and then it finds them.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import redis
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from presence.geo import cell_at
from tests.support.client import api, bearer_of, elsewhere, new_ref, north, person, place, session
from tests.support.servers import Daemon, Postgres, Server, Valkey
from tests.voice.speakers import at_signal, new_instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.client import ConnectedPerson, Spot

LIFE_S, MARGIN_S = 1800, 60
ADDRESSES = ("203.0.113.77", "2001:db8:77:88::99", "198.51.100.78")


@dataclass(slots=True)
class Secrets:
    """What must be gone, and what may stand in a sealed report only."""

    gone: list[str]
    sealed: list[str]


@dataclass(slots=True)
class CanaryServers:
    redis: Valkey
    postgres: Postgres
    servers: list[Server]

    @property
    def folders(self) -> list[Path]:
        daemons: list[Daemon] = [self.redis, self.postgres, *self.servers]
        return [daemon.folder for daemon in daemons]


@contextmanager
def canary_servers(life_s: int, server: type[Server]) -> Iterator[CanaryServers]:
    with ExitStack() as stack:
        valkey, postgres = Valkey(), Postgres()
        for daemon in (valkey, postgres):
            stack.callback(daemon.close)
            daemon.start()
        env = {
            "REDIS_URL": valkey.url,
            "DATABASE_URL": postgres.create("neartalk"),
            "MESSAGE_LIFE_SECONDS": str(life_s),
            "SESSION_IDLE_SECONDS": str(life_s),
            "TRUSTED_PROXIES": "1",
            "RATE_LIMITS_OFF": "place.travel,place.move,chat.send,chat.new,chat.refused",
        }
        servers = [server("uvicorn", env) for _ in range(2)]
        servers[0].migrate()
        for one in servers:
            stack.callback(one.close)
            one.start()
        yield CanaryServers(valkey, postgres, servers)


async def converse(servers: list[Server]) -> Secrets:
    """Two people do all that one can do here, and a third looks in without a socket, where nobody
    else is; what must not be left of it."""
    word = f"canary{secrets.token_hex(4)}"
    spot = tuple(round(degrees + 0.000217, 6) for degrees in elsewhere())
    spots = [north((spot[0], spot[1]), cells) for cells in range(3)]
    away = north((spot[0], spot[1]), 100)
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(
                person(servers[turn], *spots[turn], name=f"{word} {turn}", address=address)
            )
            for turn, address in enumerate(ADDRESSES[:2])
        ]
        await visit_without_socket(servers[0], word, away)
        alice, bob = people
        said = [await bob.send_text(f"{word} says {turn}") for turn in range(2)]
        sealed = f"{word}sealed"
        said.append(await bob.send_text(sealed))
        await alice.expect("chat.message", text=sealed)
        await bob.send("chat.send", text=sealed, ref=new_ref())
        await bob.expect("error", code="repeated")
        await bob.send("chat.remove", id=said[0])
        await alice.expect("chat.gone")
        await _call(alice, bob)
        report = {"person_id": bob.person_id, "message_id": said[-1], "reason": "spam"}
        answer = await alice.http.post("/api/report", json=report)
        assert answer.status_code == 201, answer.text
        await alice.http.post("/api/block", json={"person_id": bob.person_id})
        await alice.rename(f"{word} renamed")
        await alice.move(*spots[2], 700)
    cells = [cell_at(*one) for one in (*spots, away)]
    degrees = [f"{value:.5f}" for one in (*spots, away) for value in one]
    keys = [one.key for one in people]
    # In a report stand the name and the words, and those said before.
    named = [f"{word} 1", f"{word} says 1", sealed]
    words = [f"{word} {what}" for what in ("0", "2", "says 0", "renamed")]
    return Secrets([*words, *cells, *degrees, *ADDRESSES, *keys], named)


async def visit_without_socket(server: Server, word: str, spot: Spot) -> None:
    async with api(server, headers={"X-Forwarded-For": ADDRESSES[2]}) as http:
        created = await session(http, f"{word} 2")
        http.headers.update(bearer_of(created["session_id"]))
        await place(http, *spot, 500)


async def _call(alice: ConnectedPerson, bob: ConnectedPerson) -> None:
    """They agree to speak, and one offers."""
    async with (
        at_signal(alice.server, alice.bearer) as first,
        at_signal(bob.server, bob.bearer) as second,
    ):
        for tab in (first, second):
            await tab.send("voice.join", policy="direct", instance=new_instance())
            await tab.expect("voice.peers")
        await first.send("voice.knock", to=bob.person_id)
        await second.send("voice.knock", to=alice.person_id)
        for frames in (first, second):
            while "live" not in str(await frames.expect("voice.peers")):
                pass


def found(where: CanaryServers, wanted: Secrets) -> list[str]:
    """Where which of the secrets stand; a few words for each."""
    everything = [*wanted.gone, *wanted.sealed]
    held = [
        *_named("Redis", _in_redis(where.redis), everything),
        *_named("a row", _in_rows(where.postgres, reports=False), everything),
        *_named("a report", _in_rows(where.postgres, reports=True), wanted.gone),
    ]
    for folder in where.folders:
        allowed = wanted.gone if folder == where.postgres.folder else everything
        held += _named("a file", _in_files(folder), allowed)
    return held


def _named(what: str, texts: Iterable[str], secret: list[str]) -> list[str]:
    return [f"{what}: {one} in {text[:40]}" for text in texts for one in secret if one in text]


def _in_redis(valkey: Valkey) -> Iterator[str]:
    """Every key with what it holds, and what Redis remembers of commands."""
    client = redis.Redis.from_url(valkey.url, decode_responses=True, encoding="latin-1")
    read: dict[str, Any] = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        "stream": client.xrange,
        "none": str,
    }
    with client:
        for key in client.scan_iter(count=1000):
            yield f"{key} {read[str(client.type(key))](key)}"
        yield repr(client.slowlog_get(1000))


def _in_rows(postgres: Postgres, *, reports: bool) -> Iterator[str]:
    """Every row of every table, or those of reports."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(postgres.url("neartalk")) as connection:
        for (table,) in connection.execute(tables).fetchall():
            if (table == "chat_report") is reports:
                query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
                yield from (row for (row,) in connection.execute(query))


def _in_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):  # files of PostgreSQL come and go
                yield path.read_bytes().decode("latin-1")


async def watch(
    life_s: int, margin_s: int, server: type[Server] = Server
) -> tuple[list[str], list[str]]:
    """What is found right after the conversation, and what once all of it is over."""
    with canary_servers(life_s, server) as where:
        wanted = await converse(where.servers)
        began_s = time.monotonic()
        early = found(where, wanted)
        late = early
        while late and time.monotonic() - began_s < life_s + margin_s:
            await asyncio.sleep(life_s / 60)
            late = found(where, wanted)
        rows = [*_in_rows(where.postgres, reports=True)]
        assert len(rows) == 1, "the report itself is there"
        assert wanted.sealed[-1] in rows[0]
        return early, late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=31.0, help="until when all must be gone")
    asked = parser.parse_args()
    life_s = min(LIFE_S, round(asked.minutes * 60) - MARGIN_S)
    early, late = asyncio.run(watch(life_s, MARGIN_S))
    print(f"{len(early)} traces right after the conversation, {len(late)} once it was over")
    print("\n".join(late))
    sys.exit(bool(late))


if __name__ == "__main__":
    main()
