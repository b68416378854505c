"""`check --deploy` says nothing of the settings that deploy/env.sh makes, and names each danger."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import run_checks

from tests.deploy.env_files import made
from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import Valkey

DANGERS: dict[str, dict[str, Any]] = {
    "neartalk.W020": {"HTTPS": True, "TRUSTED_PROXIES": 0},
    "neartalk.W021": {"RATE_LIMITS_OFF": ["chat.send"]},
    "neartalk.W022": {"MESSAGE_LIFE_SECONDS": 3600},
    "neartalk.W023": {"HINTS_DROPPED": 0.2},
    "neartalk.W024": {"REDIS_MAY_KEEP": True},
    "neartalk.W025": {"ALLOWED_HOSTS": ["*"]},
    "neartalk.W026": {"PLACE_CLOCK": False},
    "neartalk.W027": {"VOICE_LOCAL": True},
}


def test_check_deploy_is_silent_with_the_settings_that_are_made(
    tmp_path: Path, redis_server: Valkey
) -> None:
    own = {"REDIS_URL": redis_server.url, "STATIC_ROOT": str(tmp_path / "static")}
    env = made(tmp_path) | own
    quick = {"DJANGO_SETTINGS_MODULE": "tests.support.settings_without_large_files"}
    assert manage(env | quick, "collectstatic", "--no-input").returncode == 0
    done = manage(env, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert not done.stderr


def test_no_server_starts_without_a_key_of_its_own(tmp_path: Path) -> None:
    env = {name: value for name, value in made(tmp_path).items() if name != "SECRET_KEY"}
    done = manage(env, "check")
    assert done.returncode == 1
    assert "neartalk.E011" in done.stderr


def manage(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "manage.py", *command]
    return subprocess.run(
        run, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
    )


@pytest.mark.parametrize("name", DANGERS)
def test_each_danger_is_named_by_check_deploy_alone(name: str, settings: Any) -> None:
    for setting, value in DANGERS[name].items():
        setattr(settings, setting, value)
    assert name in {found.id for found in run_checks(include_deployment_checks=True)}
    assert name not in {found.id for found in run_checks()}


def test_limits_that_are_doubled_are_loosened(settings: Any) -> None:
    settings.RATE_LIMITS_SCALE = 2
    assert "neartalk.W021" in {found.id for found in run_checks(include_deployment_checks=True)}


@pytest.mark.parametrize(
    ("networks", "opens"),
    [
        ([], False),
        (["10.1.0.7/32", "fd00::7/128"], False),
        (["10.1.0.7/32", "10.1.0.0/16"], True),
        (["0.0.0.0/0"], True),
        (["::/0"], True),
    ],
)
def test_a_network_that_is_open_to_voice_is_named_and_a_relays_address_is_not(
    networks: list[str], opens: bool, settings: Any
) -> None:
    settings.VOICE_NETWORKS = [ip_network(one) for one in networks]
    found = {one.id for one in run_checks(include_deployment_checks=True)}
    assert ("neartalk.W027" in found) is opens
