"""The push service of a world, and the devices that it reaches: what it sees of each push, and what
the device reads."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from neartalk.push.network import KEPT_S, PublicNetwork
from tests.support.push_service import Arrived, PushDevice, claims_of, headers_of

if TYPE_CHECKING:
    from tests.noninterference.observations import Observations
    from tests.noninterference.visitor import WorldVisitor
    from tests.noninterference.world import LedWorld

SERVICE = "push service"
ORIGIN = "http://push.example"
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"


def device_of(one: WorldVisitor) -> PushDevice:
    """The same keys in all worlds."""
    rng = random.Random(f"device of {one.number}")
    key = ec.derive_private_key(rng.randrange(1, 2**255), ec.SECP256R1())
    return PushDevice(f"{ORIGIN}/{one.number}", key, rng.randbytes(16))


def serve_pushes(world: LedWorld) -> None:
    """From now on pushes of the process go to this service."""
    network = PublicNetwork(settings.PUSH_HOSTS)
    network.backend = WorldNetwork(world)
    pool = httpcore.AsyncConnectionPool(keepalive_expiry=KEPT_S, network_backend=network)
    world.application.state["neartalk"].pushes.pool = pool


class WorldNetwork(httpcore.AsyncNetworkBackend):
    def __init__(self, world: LedWorld) -> None:
        self.devices = {f"/{one.number}": (one.name, device_of(one)) for one in world.visitors}
        self.observations = world.observations

    async def connect_tcp(self, host: str, port: int, *given: Any, **named: Any) -> WorldStream:
        self.observations.add(SERVICE, "connection", f"{host}:{port}")
        return WorldStream(self.devices, self.observations)


class WorldStream(httpcore.AsyncNetworkStream):
    """One connection, at whose other end the service answers each push."""

    def __init__(
        self, devices: dict[str, tuple[str, PushDevice]], observations: Observations
    ) -> None:
        self.devices, self.observations = devices, observations
        self.sent = self.answer = b""

    async def write(self, buffer: bytes, *given: Any, **named: Any) -> None:
        """A head, then a body, then nothing."""
        self.sent += buffer
        head, end, body = self.sent.partition(b"\r\n\r\n")
        if not end:
            return
        path, headers = headers_of(head.decode("latin-1"))
        if len(body) == int(headers["content-length"]):
            self.sent, self.answer = b"", ANSWER
            self.note(Arrived(path, headers, body))

    async def read(self, *given: Any, **named: Any) -> bytes:
        answer, self.answer = self.answer, b""
        return answer

    async def aclose(self) -> None:
        self.observations.add(SERVICE, "end of a connection", "")

    def get_extra_info(self, info: str) -> Any:
        return None

    def note(self, push: Arrived) -> None:
        """The service has its size and its head; the rest is its device's. Keys and signatures are
        chance."""
        _, claims = claims_of(push)
        signed = len(push.headers["authorization"])
        head = {**push.headers, "authorization": f"{signed} octets of {claims}"}
        told = {"path": push.path, "octets": len(push.body), **head}
        self.observations.add(SERVICE, "push", json.dumps(told, sort_keys=True))
        name, device = self.devices[push.path]
        self.observations.add(name, "push", device.opened(push))
