"""A deployment: two server processes that share a Redis and a PostgreSQL, and its commands."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.client import running
from tests.support.servers import Postgres, Server, Valkey
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator


class Deployment(NamedTuple):
    """Two running servers and their stores."""

    redis: Valkey
    postgres: Postgres
    first: Server
    second: Server

    def manage(self, *command: str) -> str:
        """What a management command prints; it must succeed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            check=False,
            timeout=WAIT_S,
            capture_output=True,
            text=True,
            **self.first.options(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(self, person_id: str) -> list[dict[str, Any]]:
        """The sanctions in force against a person."""
        rows = json.loads(self.manage("ban", "--list", "--json"))
        return [row for row in rows if row["person"] == person_id]


@contextmanager
def deploy(**env: str) -> Iterator[Deployment]:
    """Starts one, with a proxy's hop trusted: addresses come from X-Forwarded-For."""
    with ExitStack() as stack:
        redis, postgres = Valkey(), Postgres()
        for daemon in (redis, postgres):
            stack.callback(daemon.close)
            daemon.start()
        shared = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.url(), "TRUSTED_PROXIES": "1"}
        Server("uvicorn", shared | env).migrate()
        servers = [stack.enter_context(running("uvicorn", **shared, **env)) for _ in range(2)]
        yield Deployment(redis, postgres, *servers)
