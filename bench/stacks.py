"""The servers that are measured: NearTalk in its forms, and what one would use instead."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.cores import cores, pinned
from bench.kit import HUB, NODE_MODULES, PEERS, SOCKETIFY
from tests.support.servers import Daemon, Server, Valkey

# About as long as what people say, with the time it left: 57 bytes.
WORDS = "Does anyone know when the market opens? |%t"
JSON_WORDS = json.dumps({"message": WORDS})
NEARTALK_WORDS = json.dumps({"type": "chat.send", "text": WORDS, "ref": "%t"})
# An operator's settings, and no limit on how often a person speaks. In voice, everybody stands on
# loopback, and more connections are tried than a person may have.
NEARTALK = {
    "DEBUG": "0",
    "HTTPS": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "RATE_LIMITS_SCALE": "100000",
    "VOICE_CONNECTIONS": "16",
    "VOICE_NETWORKS": "127.0.0.1/32",
}


@dataclass(frozen=True)
class Speech:
    """How the generator speaks with a server: `greeting` is what a socket says first, `ready` is in
    the last frame of what it is sent on arrival, `protocol` what is spoken inside the frames
    (socketio, nats), and `settle_s` how long a crowd that has just come keeps the server busy.
    """

    path: str = "/ws"
    message: str = JSON_WORDS
    ready: str = ""
    subprotocol: str = ""
    greeting: str = ""
    protocol: str = ""
    settle_s: float = 1.0


class Peer(Daemon):
    """One of the servers in peers/; it is told its port, and Redis' address where it needs one."""

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self.redis_url = redis_url

    def options(self) -> dict[str, Any]:
        redis = {"REDIS_URL": self.redis_url} if self.redis_url else {}
        ours = {"PORT": str(self.port), "NODE_PATH": str(NODE_MODULES), **redis}
        return {"cwd": PEERS, "env": {**os.environ, **ours}}

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        # nginx's worker outlives a master that is killed.
        self.terminate()


class GorillaHub(Peer):
    def command(self) -> list[str]:
        return [str(HUB)]


class SocketIO(Peer):
    def command(self) -> list[str]:
        return ["node", str(PEERS / "socketio.js")]


class Nchan(Peer):
    def command(self) -> list[str]:
        settings = (PEERS / "nchan.conf").read_text().replace("PORT;", f"{self.port};")
        (self.folder / "nchan.conf").write_text(settings)
        return ["nginx", "-p", str(self.folder), "-c", "nchan.conf", "-e", "error.log"]

    def answers(self) -> bool:
        # The master listens before there is a worker.
        return super().answers() and bool(psutil.Process(self.pid).children())


class NatsServer(Peer):
    def command(self) -> list[str]:
        settings = (PEERS / "nats.conf").read_text().replace("PORT,", f"{self.port},")
        (self.folder / "nats.conf").write_text(settings)
        return ["nats-server", "-c", str(self.folder / "nats.conf")]


class Socketify(Peer):
    def options(self) -> dict[str, Any]:
        plain = super().options()
        return {**plain, "env": {**plain["env"], "PYTHONPATH": str(SOCKETIFY)}}

    def command(self) -> list[str]:
        return [sys.executable, str(PEERS / "broadcast.py")]


class Tutorial(Peer):
    def command(self) -> list[str]:
        quiet = ["--log-level", "warning"]
        place = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", *quiet, *place, "tutorial:application"]


class TutorialOnDaphne(Tutorial):
    def command(self) -> list[str]:
        place = ["-b", "127.0.0.1", "-p", str(self.port)]
        return [sys.executable, "-m", "daphne", "-v", "0", *place, "tutorial:application"]


def neartalk(redis_url: str) -> Server:
    redis = {"REDIS_URL": redis_url} if redis_url else {}
    return Server("uvicorn", {**NEARTALK, **redis})


HTML = Speech(message=NEARTALK_WORDS, ready='class="mark"', settle_s=7.0)
JSON = Speech(message=NEARTALK_WORDS, ready='"mark"', subprotocol="neartalk.json", settle_s=7.0)
SOCKETIO = Speech(
    path="/socket.io/?EIO=4&transport=websocket",
    message="42" + json.dumps(["chat message", WORDS]),
    ready='40{"sid"',
    protocol="socketio",
)
# The time takes 16 characters, where "%t" has two.
NATS = Speech(
    path="/",
    greeting='CONNECT {"verbose":false,"pedantic":false}\r\nSUB room 1\r\nPING\r\n',
    ready="PONG\r\n",
    message=f"PUB room {len(JSON_WORDS) + 14}\r\n{JSON_WORDS}\r\n",
    protocol="nats",
)


@dataclass(frozen=True)
class Stack:
    """A way to serve a chat: so many processes of one server, with a Redis or without."""

    title: str
    server: Callable[[str], Daemon]
    speech: Speech = field(default_factory=Speech)
    redis: bool = False
    processes: int = 1
    family: str = ""
    is_neartalk: bool = False


def ours(title: str, speech: Speech, processes: int = 0) -> Stack:
    """NearTalk in memory, or so many processes of it with a Redis."""
    redis = processes > 0
    return Stack(title, neartalk, speech, redis, max(1, processes), is_neartalk=True)


STACKS = {
    "neartalk": ours("NearTalk", HTML),
    "neartalk-json": ours("NearTalk, JSON", JSON),
    "neartalk-redis": ours("NearTalk, Redis", HTML, 1),
    "neartalk-two": ours("NearTalk, Redis, two processes", HTML, 2),
    "neartalk-four": ours("NearTalk, Redis, four processes", HTML, 4),
    "nchan": Stack("nchan", Nchan, family="nchan"),
    "go": Stack("Go gorilla hub", GorillaHub, family="go"),
    "socketio": Stack("Socket.IO", SocketIO, SOCKETIO, family="socketio"),
    "nats": Stack("NATS", NatsServer, NATS, family="nats"),
    "socketify": Stack("socketify (uWebSockets)", Socketify, family="socketify"),
    "socketio-redis": Stack("Socket.IO, Redis", SocketIO, SOCKETIO, True, family="socketio"),
    "tutorial": Stack("Channels tutorial, uvicorn", Tutorial, redis=True),
    "tutorial-daphne": Stack("Channels tutorial, Daphne", TutorialOnDaphne, redis=True),
}


@dataclass(frozen=True)
class Running:
    stack: Stack
    servers: list[Daemon]
    redis: Valkey | None

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{server.port}" for server in self.servers]

    @property
    def notes(self) -> Path:
        """A file for the generator, removed with the server's own."""
        return self.servers[0].folder / "crowd.txt"

    @property
    def pids(self) -> list[int]:
        """Everything that works for the chat: servers, their children, Redis."""
        roots = [*self.servers, *([self.redis] if self.redis else [])]
        found = []
        for root in roots:
            children = psutil.Process(root.pid).children(recursive=True)
            found += [root.pid, *(child.pid for child in children)]
        return found


@contextmanager
def running(stack: Stack) -> Iterator[Running]:
    """Starts a stack on the core of the servers, and ends it."""
    with ExitStack() as ending:

        def started(daemon: Any) -> Any:
            ending.callback(daemon.close)
            return daemon.start()

        with pinned(cores().servers):
            redis = started(Valkey()) if stack.redis else None
            url = redis.url if redis else ""
            servers = [started(stack.server(url)) for _ in range(stack.processes)]
        yield Running(stack, servers, redis)
