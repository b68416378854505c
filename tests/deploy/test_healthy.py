"""deploy/healthy.py: whether a process serves, and whether two visitors meet at it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.client import running
from tests.support.servers import ROOT, free_port
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", ALLOWED_HOSTS="127.0.0.1", DEBUG="0", HTTPS="0") as server:
        yield server


def healthy(port: int) -> bool:
    command = [sys.executable, "deploy/healthy.py", "--port", str(port)]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=WAIT_S).returncode == 0


def test_a_process_that_serves_is_healthy(server: Server) -> None:
    assert healthy(server.port)
    assert not healthy(free_port())


def test_two_people_meet_on_a_visit(server: Server) -> None:
    command = [sys.executable, "deploy/visit.py", server.url]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stderr
    assert "a message was heard" in done.stdout


def test_a_visit_to_nobody_says_so() -> None:
    command = [sys.executable, "deploy/visit.py", f"http://127.0.0.1:{free_port()}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 1
    assert "ConnectError" in done.stderr
