"""deploy/env.sh makes a .env that nobody else can read, with fresh secrets that nobody is shown."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.deploy.env_files import made, make, read
from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"SECRET_KEY", "TURN_SECRET", "METRICS_TOKEN", "POSTGRES_PASSWORD"}


def test_what_is_made_is_the_example_with_the_domain_and_fresh_secrets(tmp_path: Path) -> None:
    example, mine = read(ROOT / ".env.example"), made(tmp_path)
    assert example.keys() == mine.keys()
    assert mine["DOMAIN"] == mine["ALLOWED_HOSTS"] == "talk.example.net"
    assert mine["OBJECTIONS"] == "ops@example.net"
    assert not any("example.org" in value for value in mine.values())
    assert {example[name] for name in SECRETS} == {""}
    assert {len(mine[name]) for name in SECRETS} == {64}
    again = tmp_path / "again"
    again.mkdir()
    others = made(again)
    assert all(others[name] != mine[name] for name in SECRETS)


def test_secrets_are_not_shown_and_for_nobody_else_to_read(tmp_path: Path) -> None:
    done = make(tmp_path / ".env")
    shown = done.stdout + done.stderr
    assert not any(read(tmp_path / ".env")[name] in shown for name in SECRETS)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MINE=1\n")
    assert make(tmp_path / ".env").returncode != 0
    assert (tmp_path / ".env").read_text() == "MINE=1\n"


@pytest.mark.parametrize("domain", ["", "-rf", "a b", "example.org/x", "$(id)", "a\nb"])
def test_what_is_no_domain_is_refused(domain: str, tmp_path: Path) -> None:
    assert make(tmp_path / ".env", domain).returncode == 2
    assert not (tmp_path / ".env").exists()


def test_each_line_is_explained() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    values = [at for at, line in enumerate(lines) if line and not line.startswith("#")]
    assert all(lines[at - 1].startswith("#") for at in values)


def test_the_relay_is_told_all_it_needs_and_stops_without(tmp_path: Path) -> None:
    env = made(tmp_path) | {"RELAY_IP": "10.1.2.3", "RELAY_PUBLIC_IP": "203.0.113.9"}
    command = ["sh", "deploy/coturn/configure.sh"]

    def configure(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
        )

    lines = configure(env).stdout.splitlines()
    assert f"static-auth-secret={env['TURN_SECRET']}" in lines
    assert "external-ip=203.0.113.9/10.1.2.3" in lines
    assert configure(env | {"RELAY_IP": ""}).returncode != 0
