"""Starts coturn, a TURN relay, on loopback with the configuration of deploy/."""

from __future__ import annotations

import getpass
import grp
import os
import random
import secrets
import socket
import subprocess
from typing import TYPE_CHECKING

from tests.support.servers import ROOT, Daemon, free_port
from tests.support.stun import AttributeType, StunClient
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "deploy" / "coturn"
RELAY_PORTS = 100
UNAUTHORIZED = 401


class Turn(Daemon):
    """It refuses every peer that the configuration denies, loopback too. With `open_to_loopback` it
    allows peers on loopback, for browsers, as `make turn` does. A `quiet` one logs as little as the
    configuration says; others log to output()."""

    def __init__(self, *, open_to_loopback: bool = False, quiet: bool = False) -> None:
        super().__init__()
        self.secret = secrets.token_hex(16)
        self.tls_port = free_port()
        self.certificate = self.folder / "certificate.pem"
        self.configuration = self.folder / "turnserver.conf"
        hardened, loopback = (FOLDER / name for name in ("turnserver.conf", "loopback.conf"))
        files = [hardened, loopback] if open_to_loopback else [hardened]
        own = [*self._own(), *([] if quiet else ["log-file=stdout"]), *self._tls()]
        self.configuration.touch(mode=0o600)
        self.configuration.write_text("\n".join([*map(read, files), *own, ""]))

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    def command(self) -> list[str]:
        ports = [f"--listening-port={self.port}", f"--tls-listening-port={self.tls_port}"]
        return ["turnserver", "-c", str(self.configuration), *ports]

    def answers(self) -> bool:
        # Two relays may listen on one port without knowing: the realm tells ours from another.
        try:
            with StunClient(self.port) as nobody:
                challenge = nobody.allocate()
        except OSError:
            return False
        ours = challenge.attributes.get(AttributeType.REALM) == self.folder.name.encode()
        return challenge.code == UNAUTHORIZED and ours

    def _own(self) -> list[str]:
        """The lines that an operator adds. Port ranges of several workers may overlap: coturn skips
        a port that is taken."""
        first = random.randrange(10_000, 20_000 - RELAY_PORTS)
        return [
            f"static-auth-secret={self.secret}",
            f"realm={self.folder.name}",
            "listening-ip=127.0.0.1",
            "relay-ip=127.0.0.1",
            *(["relay-ip=::1"] if has_ipv6() else []),
            f"min-port={first}",
            f"max-port={first + RELAY_PORTS - 1}",
            f"pidfile={self.folder / 'pid'}",
            *([] if os.geteuid() == 0 else self._as_ourselves()),
        ]

    def _as_ourselves(self) -> list[str]:
        """Only root can change to the relay's own user."""
        group = grp.getgrgid(os.getegid()).gr_name
        return [f"proc-user={getpass.getuser()}", f"proc-group={group}"]

    def _tls(self) -> list[str]:
        key = self_signed(self.certificate)
        return [f"cert={self.certificate}", f"pkey={key}"]


def self_signed(certificate: Path) -> Path:
    """Writes a certificate for this machine's own names. Returns the path of its key."""
    key = certificate.with_name("key.pem")
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    request = ["openssl", "req", "-x509", *kind, *names, "-days", "2", *files]
    subprocess.run(request, check=True, timeout=WAIT_S, capture_output=True)
    return key


def read(path: Path) -> str:
    return path.read_text()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
