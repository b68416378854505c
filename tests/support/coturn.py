"""Finds coturn, the relay of voice tests; as a script, installs Debian's where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

MISSING = "NO COTURN could be found or installed"


def find() -> str | None:
    """The path of turnserver, or None."""
    return shutil.which("turnserver")


def install() -> None:
    """Tries Debian's package; a failure shows in find()."""
    apt_get = shutil.which("apt-get")
    if apt_get and os.geteuid() == 0:
        _run(apt_get, "update", "-qq")
        _run(apt_get, "install", "-y", "-qq", "coturn", "openssl")


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=900, check=False)


def main() -> int:
    if find() is None:
        sys.stderr.write("Looking for coturn for the voice tests ...\n")
        install()
    if find() is not None:
        return 0
    in_ci = bool(os.environ.get("CI"))
    what_follows = "and CI is set: stopping." if in_ci else "so EVERY TEST OF THE RELAY IS SKIPPED."
    sys.stderr.write(f"\n*** {MISSING}, {what_follows} ***\n\n")
    return int(in_ci)


if __name__ == "__main__":
    sys.exit(main())
