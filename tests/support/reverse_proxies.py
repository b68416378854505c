"""nginx, Caddy and HAProxy in front of servers, with the files of deploy/ and the settings that an
operator adds."""

from __future__ import annotations

import csv
import getpass
import http.client
import io
import os
import socket
import ssl
import subprocess
from abc import abstractmethod
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.support.proxy_packages import find
from tests.support.servers import ROOT, Daemon, free_port
from tests.support.turn import self_signed
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.servers import Server

DEPLOY = ROOT / "deploy"
# What deploy/cloudflare tells an operator to add to https.conf.
ONLY_CLOUDFLARE = "if ($neartalk_by_cloudflare = 0) { return 444; }"
# The settings that servers behind a proxy need.
BEHIND = {
    "DEBUG": "0",
    "SECRET_KEY": "tests",
    "HTTPS": "1",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "TRUSTED_PROXIES": "1",
}


class Proxy(Daemon):
    """A proxy. `cloudflare`: networks that count as Cloudflare's; all others are refused."""

    def __init__(self, apps: Sequence[Server], *, cloudflare: str = "") -> None:
        super().__init__()
        self.cloudflare = cloudflare
        self.healthy = http.HTTPStatus.OK
        self.apps = [f"127.0.0.1:{app.port}" for app in apps]
        self.http_port = free_port()
        # The certificate that clients must trust.
        self.authority = self.folder / "certificate.pem"
        self.key = self.certify()

    def certify(self) -> Path:
        return self_signed(self.authority)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"wss://localhost:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def answers(self) -> bool:
        try:
            found = http.client.HTTPSConnection("localhost", self.port, context=self.tls)
            with closing(found) as connection:
                connection.request("GET", "/privacy")
                return connection.getresponse().status == self.healthy
        except (OSError, http.client.HTTPException):
            return False

    def log(self) -> str:
        """All that it has logged."""
        return self.output()

    @abstractmethod
    def socket_timeouts_s(self) -> list[float]:
        """After how many seconds it closes an idle socket; empty: never."""


class Nginx(Proxy):
    def command(self) -> list[str]:
        own = self.folder / "neartalk"
        own.mkdir(exist_ok=True)
        servers = "".join(f"server {app} max_conns=20000;\n" for app in self.apps)
        (own / "apps.conf").write_text(servers)
        (own / "http.conf").write_text(f"listen 127.0.0.1:{self.http_port};")
        (own / "https.conf").write_text(
            f"listen 127.0.0.1:{self.port} ssl http2;\nserver_name localhost;\n"
            f"ssl_certificate {self.authority};\nssl_certificate_key {self.key};\n"
            f"{ONLY_CLOUDFLARE if self.cloudflare else ''}"
        )
        # As deploy/ has it, but for the folder.
        logs = (DEPLOY / "nginx/neartalk/logs.conf").read_text()
        (own / "logs.conf").write_text(logs.replace("/var/log/nginx", str(self.folder)))
        (self.folder / "nginx.conf").write_text(self.main())
        return [find("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]

    def main(self) -> str:
        """Debian's own, as far as it matters: what a site says nothing of is logged and zipped."""
        user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
        if self.cloudflare:
            write_networks(self.cloudflare, self.folder / "neartalk")
        cloudflare = f"include {DEPLOY}/cloudflare/nginx.conf;" if self.cloudflare else ""
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in kinds)
        return f"""
            {user} daemon off; worker_processes 2; pid {self.folder}/pid;
            error_log {self.folder}/error.log info;
            events {{ worker_connections 1024; }}
            http {{
                {folders}
                access_log {self.folder}/access.log combined;
                gzip on;
                {cloudflare}
                include {DEPLOY}/nginx/neartalk.conf;
            }}
        """

    def stop(self) -> None:
        """A killed one would leave its workers behind."""
        self.terminate()

    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def socket_timeouts_s(self) -> list[float]:
        text = (DEPLOY / "nginx/neartalk.conf").read_text()
        block = text.partition("location ~ ^/(ws|signal)$")[2].partition("}")[0]
        words = [line.strip(" ;").split() for line in block.splitlines()]
        return [seconds(word[1]) for word in words if word and word[0].endswith("_timeout")]


class Caddy(Proxy):
    def certify(self) -> Path:
        """Caddy certifies itself; where nobody else can, by an authority of its own."""
        self.authority = self.folder / "caddy/pki/authorities/local/root.crt"
        return self.authority

    def command(self) -> list[str]:
        file = str(DEPLOY / "caddy/Caddyfile")
        return [find("caddy") or "caddy", "run", "--config", file, "--adapter", "caddyfile"]

    def options(self) -> dict[str, Any]:
        own = {
            "DOMAIN": "localhost",
            "APPS": " ".join(self.apps),
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.port),
            "ADMIN": f"unix/{self.folder}/admin.sock",
        }
        places = {"XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        return {"env": {"PATH": os.environ["PATH"], "HOME": str(self.folder), **own, **places}}

    def socket_timeouts_s(self) -> list[float]:
        return []


class HAProxy(Proxy):
    def command(self) -> list[str]:
        own = self.folder / "both.pem"
        own.write_text(self.authority.read_text() + self.key.read_text())
        if self.cloudflare:
            write_networks(self.cloudflare, self.folder)
        return [find("haproxy") or "haproxy", "-db", "-f", str(DEPLOY / "haproxy/haproxy.cfg")]

    def options(self) -> dict[str, Any]:
        own = {
            "CERT": str(self.folder / "both.pem"),
            "DOMAIN": "localhost",
            "HTTP": f"127.0.0.1:{self.http_port}",
            "HTTPS": f"127.0.0.1:{self.port}",
            "LOG": "stdout",
            "STATS": str(self.folder / "admin.sock"),
        }
        apps = {f"APP{number}": app for number, app in enumerate(self.apps, 1)}
        if self.cloudflare:
            own["CLOUDFLARE"] = str(self.folder / "cloudflare.lst")
        return {"env": {"PATH": os.environ["PATH"], **own, **apps}}

    def sockets(self) -> list[int]:
        """How many sockets each process has, where nothing but sockets comes this way."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(WAIT_S)
            admin.connect(str(self.folder / "admin.sock"))
            admin.sendall(b"show stat apps 4 -1\n")
            said = b"".join(iter(lambda: admin.recv(65_536), b"")).decode()
        return [int(row["scur"]) for row in csv.DictReader(io.StringIO(said.strip()))]

    def socket_timeouts_s(self) -> list[float]:
        lines = (DEPLOY / "haproxy/haproxy.cfg").read_text().splitlines()
        words = [line.split() for line in lines if line.strip().startswith("timeout tunnel")]
        return [seconds(word[2]) for word in words]


def write_networks(networks: str, folder: Path) -> None:
    script = ["sh", str(DEPLOY / "cloudflare/networks.sh"), str(folder)]
    subprocess.run(script, input=networks.encode(), timeout=WAIT_S, check=True)


def seconds(time: str) -> float:
    assert time.endswith("s"), time
    return float(time[:-1])
