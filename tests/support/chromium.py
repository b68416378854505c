"""Finds a Chromium for the browser tests; as a script, installs one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "NO CHROMIUM could be found or installed"


def find() -> str | None:
    """The path of a Chromium that starts, or None."""
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path and _starts(path)), None) or _playwrights_own()


def install() -> None:
    """Tries Debian's package, then Playwright's download; a failure shows in find()."""
    apt_get = shutil.which("apt-get")
    if apt_get and os.geteuid() == 0:
        _run(apt_get, "update", "-qq")
        _run(apt_get, "install", "-y", "-qq", "chromium")
    if find() is None:
        _run(sys.executable, "-m", "playwright", "install", "chromium")


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser is on PATH and only says that a snap is wanted.
    try:
        subprocess.run([path, "--version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _starts(path) else None


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=900, check=False)


def main() -> int:
    if find() is None:
        sys.stderr.write("Looking for a Chromium for the browser tests ...\n")
        install()
    if find() is not None:
        return 0
    in_ci = bool(os.environ.get("CI"))
    what_follows = "and CI is set: stopping." if in_ci else "so EVERY BROWSER TEST IS SKIPPED."
    sys.stderr.write(f"\n*** {MISSING}, {what_follows} ***\n\n")
    return int(in_ci)


if __name__ == "__main__":
    sys.exit(main())
