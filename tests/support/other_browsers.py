"""Finds Firefox and WebKit for the tests of other browsers; as a script, installs Debian's packages
of those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"Firefox": ["firefox-esr", "pulseaudio"], "WebKit": ["webkit2gtk-driver", "xvfb"]}
MISSING = "could not be found or installed"
MINI_BROWSERS = "*/webkit2gtk-4.*/MiniBrowser"


def firefox() -> str | None:
    """The path of a Firefox that starts, if it can have loudspeakers too."""
    if not shutil.which("pulseaudio"):
        return None
    on_path = (shutil.which(name) for name in ("firefox-esr", "firefox"))
    return next((path for path in on_path if path and _starts(path)), None)


def mini_browser() -> str | None:
    """The path of WebKitGTK's own browser if its driver and a display to draw on are there too."""
    if not shutil.which("WebKitWebDriver") or not shutil.which("Xvfb"):
        return None
    found = sorted(Path("/usr/lib").glob(MINI_BROWSERS))
    return str(found[-1]) if found else None


def missing() -> list[str]:
    found = {"Firefox": firefox(), "WebKit": mini_browser()}
    return [name for name, path in found.items() if path is None]


def install(names: list[str]) -> None:
    """Tries Debian's packages; a failure shows in missing()."""
    apt_get = shutil.which("apt-get")
    if apt_get and os.geteuid() == 0:
        _run(apt_get, "update", "-qq")
        for name in names:
            _run(apt_get, "install", "-y", "-qq", "--no-install-recommends", *PACKAGES[name])


def _starts(path: str) -> bool:
    # Ubuntu's firefox is on PATH and only says that a snap is wanted.
    try:
        subprocess.run([path, "--version"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


def main() -> int:
    if names := missing():
        sys.stderr.write(f"Looking for {' and '.join(names)} for the browser tests ...\n")
        install(names)
    if not (names := missing()):
        return 0
    in_ci = bool(os.environ.get("CI"))
    what_follows = "and CI is set: stopping." if in_ci else "so EVERY TEST IN THEM IS SKIPPED."
    sys.stderr.write(f"\n*** {' and '.join(names)} {MISSING}, {what_follows} ***\n\n")
    return int(in_ci)


if __name__ == "__main__":
    sys.exit(main())
