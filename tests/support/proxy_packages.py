"""Finds nginx, Caddy and HAProxy; as a script, installs Debian's packages of those that are
missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("nginx", "caddy", "haproxy")
# Debian has them where only root looks.
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


def find(name: str) -> str | None:
    return shutil.which(name, path=PATH)


def missing() -> list[str]:
    return [name for name in NAMES if find(name) is None]


def install(names: list[str]) -> None:
    """Tries Debian's packages; a failure shows in missing()."""
    apt_get = shutil.which("apt-get")
    if apt_get and os.geteuid() == 0:
        _run(apt_get, "update", "-qq")
        _run(apt_get, "install", "-y", "-qq", "openssl", *names)


def _run(*command: str) -> None:
    # At this run level Debian starts no service of what it installs.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=900, check=False)


def main() -> int:
    if names := missing():
        sys.stderr.write(f"Looking for {', '.join(names)} for the tests of proxies ...\n")
        install(names)
    if not (names := missing()):
        return 0
    in_ci = bool(os.environ.get("CI"))
    what_follows = "and CI is set: stopping." if in_ci else "so EVERY TEST OF THEM IS SKIPPED."
    sys.stderr.write(f"\n*** {', '.join(names)} could not be installed, {what_follows} ***\n\n")
    return int(in_ci)


if __name__ == "__main__":
    sys.exit(main())
