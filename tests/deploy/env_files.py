"""Runs deploy/env.sh and reads the settings file that it writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S


def make(file: Path, domain: str = "talk.example.net", *rest: str) -> subprocess.CompletedProcess:
    command = ["sh", "deploy/env.sh", domain, *(rest or ("ops@example.net",)), str(file)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S
    )


def read(file: Path) -> dict[str, str]:
    """NAME=value lines, as compose, systemd and a shell read them alike."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def made(folder: Path) -> dict[str, str]:
    done = make(folder / ".env")
    assert done.returncode == 0, done.stderr
    return read(folder / ".env")
