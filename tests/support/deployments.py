"""A deployment: two server processes that share a Redis and a PostgreSQL, and its commands."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from select import select
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.client import running
from tests.support.servers import Postgres, Server, Valkey
from tests.support.waiting import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator


# A line of JSON is a command, and the answer is what it printed; whatever it raises is the end.
COMMANDS = """
import io
import json
import os
import sys
from contextlib import redirect_stdout

os.environ["DJANGO_SETTINGS_MODULE"] = "neartalk.settings"
import django

django.setup()
from django.core.management import call_command

for line in sys.stdin:
    with redirect_stdout(io.StringIO()) as printed:
        call_command(*json.loads(line))
    print(json.dumps(printed.getvalue()), flush=True)
"""


class CommandProcess:
    """Runs management commands one after the other beside the servers: to start a process for
    each takes a second. `tests/browser/test_banned.py` starts manage.py itself."""

    def __init__(self, options: dict[str, Any]) -> None:
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-c", COMMANDS], **pipes, **options)

    def manage(self, *command: str) -> str:
        """What a management command prints; it must succeed."""
        asked, answers = self.process.stdin, self.process.stdout
        assert asked
        assert answers
        print(json.dumps(command), file=asked, flush=True)
        until(lambda: select([answers], [], [], 0)[0], f"{command} ends")
        line = answers.readline()
        assert line, f"{command} failed, as it says on stderr"
        return str(json.loads(line))

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.wait(WAIT_S)


class Deployment(NamedTuple):
    """Two running servers and their stores."""

    redis: Valkey
    postgres: Postgres
    first: Server
    second: Server
    commands: CommandProcess

    def manage(self, *command: str) -> str:
        """What a management command prints; it must succeed."""
        return self.commands.manage(*command)

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
        commands = CommandProcess(servers[0].options())
        stack.callback(commands.close)
        yield Deployment(redis, postgres, servers[0], servers[1], commands)


class VoiceServers(NamedTuple):
    """Two processes for calls, and what they share."""

    redis: Valkey
    first: Server
    second: Server


@contextmanager
def voice_servers(**env: str) -> Iterator[VoiceServers]:
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        shared = {"REDIS_URL": redis.start().url, **env}
        first, second = (stack.enter_context(running("uvicorn", **shared)) for _ in range(2))
        yield VoiceServers(redis, first, second)
