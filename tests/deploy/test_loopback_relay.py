"""`make run` has a relay of its own where coturn is installed: its secret and its process are of
that run. Without coturn, or with a relay that is set, nothing is started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.support import coturn
from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S, until
from voice.relay_watch import lends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

SCRIPT = ROOT / "deploy" / "coturn" / "loopback.sh"
# Stands for the server: says what it was told, and runs until its input ends.
COMMAND = """
import json, os, sys
names = ("TURN_URLS", "TURN_SECRET", "VOICE_NETWORKS")
print(json.dumps({name: os.environ.get(name) for name in names}), flush=True)
sys.stdin.read()
sys.exit(7)
"""


@pytest.fixture
def _coturn() -> None:
    if coturn.find() is None and os.environ.get("CI"):
        pytest.fail(coturn.MISSING)
    if coturn.find() is None:
        pytest.skip(coturn.MISSING)


@contextmanager
def run(**env: str) -> Iterator[tuple[subprocess.Popen[str], str, dict[str, Any]]]:
    """The process of the command, what was said of the relay, and what the command was told."""
    command = ["sh", str(SCRIPT), sys.executable, "-c", COMMAND]
    known = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHON": sys.executable}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env={**known, **env}, stdin=pipe, stdout=pipe, text=True) as one:
        try:
            assert one.stdout
            said, told = one.stdout.readline(), json.loads(one.stdout.readline())
            yield one, said, told
        finally:
            one.kill()


def configuration(told: dict[str, Any]) -> Path:
    port = told["TURN_URLS"].removeprefix("turn:127.0.0.1:").partition("?")[0]
    return ROOT / "var" / f"turnserver-{port}.conf"


def processes(told: dict[str, Any]) -> list[int]:
    """The relays of this run."""
    listed = psutil.process_iter(["pid", "cmdline"])
    own = str(configuration(told))
    return [one.pid for one in listed if own in (one.info["cmdline"] or ())]


@pytest.mark.usefixtures("_coturn")
@pytest.mark.parametrize("how", ["by itself", signal.SIGKILL])
def test_a_run_has_a_relay_of_its_own_which_is_over_with_it(
    how: str | signal.Signals, settings: Settings
) -> None:
    settings.VOICE_NETWORKS = [ip_network("127.0.0.1/32")]
    with run() as (process, said, told), run() as (other, _, others):
        assert said.startswith("Relay: coturn on 127.0.0.1:")
        assert told["VOICE_NETWORKS"] == "127.0.0.1/32"
        assert len(told["TURN_SECRET"]) == 64
        assert told["TURN_SECRET"] != others["TURN_SECRET"]
        assert told["TURN_URLS"] != others["TURN_URLS"]
        assert configuration(told).stat().st_mode & 0o077 == 0
        settings.TURN_SECRET = told["TURN_SECRET"]
        until(lambda: lends(told["TURN_URLS"]), "the relay of this run")
        assert len(processes(told)) == 1
        if isinstance(how, signal.Signals):
            process.send_signal(how)
            assert process.wait(WAIT_S) == -how
        else:
            assert process.stdin
            process.stdin.close()
            assert process.wait(WAIT_S) == 7
        until(lambda: not processes(told), "the end of its relay")
        until(lambda: not configuration(told).exists(), "the end of its secret")
        settings.TURN_SECRET = others["TURN_SECRET"]
        until(lambda: lends(others["TURN_URLS"]), "that of another run, which goes on")
        other.kill()
        other.wait(WAIT_S)
        until(lambda: not configuration(others).exists(), "the end of the other")


def test_without_coturn_a_run_has_no_relay_and_says_so(tmp_path: Path) -> None:
    for name in ("sh", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    with run(PATH=str(tmp_path)) as (_, said, told):
        assert said.startswith("Relay: none. It would be coturn, which is not installed")
        assert {*told.values()} == {None}


def test_a_relay_that_is_set_stays_the_one() -> None:
    own = {"TURN_URLS": "turn:relay.example", "TURN_SECRET": "own", "VOICE_NETWORKS": "10.0.0.7"}
    with run(**own) as (_, said, told):
        assert said == "Relay: the one that TURN_URLS names.\n"
        assert told == own


def test_make_run_serves_by_this_script() -> None:
    make = shutil.which("make")
    assert make
    command = [make, "--dry-run", "run"]
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=True
    )
    serve = [line for line in listed.stdout.splitlines() if "manage.py serve" in line]
    assert len(serve) == 1
    assert "sh deploy/coturn/loopback.sh " in serve[0]
