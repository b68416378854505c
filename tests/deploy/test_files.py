"""What compose, systemd and the image name is there: settings, files, and no secret."""

from __future__ import annotations

import re
from configparser import ConfigParser
from functools import cache
from typing import Any

import pytest
import yaml

from tests.deploy.env_files import read
from tests.support.servers import ROOT
from tests.support.settings_table import settings_read

# What the images themselves are told, by the names their makers gave.
OF_IMAGES = {
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"},
    "caddy": {"DOMAIN", "APPS"},
    "coturn": {"DOMAIN", "TURN_SECRET", "RELAY_IP", "RELAY_PUBLIC_IP"},
}
# What .env says besides settings of the app.
OF_THE_HOST = {"DOMAIN", "RELAY_IP", "RELAY_PUBLIC_IP", "PROCESSES", "POSTGRES_PASSWORD"}


def text(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("compose.yaml")))


def services() -> dict[str, dict[str, Any]]:
    return dict(compose()["services"])


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "deploy/systemd/neartalk@.service")
    return parser


def test_each_variable_of_compose_stands_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", text("compose.yaml")))
    assert used <= read(ROOT / ".env.example").keys()


def test_what_is_secret_is_asked_for_loudly_wherever_it_is_used() -> None:
    for name in ("SECRET_KEY", "TURN_SECRET", "POSTGRES_PASSWORD", "DOMAIN", "RELAY_IP"):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text("compose.yaml"))
        assert uses
        assert all(use.startswith(":?") for use in uses), name


def test_each_variable_of_the_example_is_a_setting_or_of_the_host() -> None:
    assert read(ROOT / ".env.example").keys() <= settings_read().keys() | OF_THE_HOST


@pytest.mark.parametrize("name", ["app", "migrate", *OF_IMAGES])
def test_each_service_is_told_only_what_it_reads(name: str) -> None:
    known = OF_IMAGES.get(name) or settings_read().keys()
    assert services()[name]["environment"].keys() <= known


def test_each_service_is_confined_and_ends_up_well() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["logging"]["options"]["max-size"], name
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["deploy"]["resources"]["limits"]["memory"], name
            assert name == "app" or "healthcheck" in service, name
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how["condition"] == expected, name


def test_only_the_proxy_and_the_relay_are_reached_from_outside() -> None:
    reached = {
        name
        for name, service in services().items()
        if "ports" in service or service.get("network_mode") == "host"
    }
    assert reached == {"caddy", "coturn"}
    assert compose()["networks"]["inside"]["internal"]
    assert services()["redis"]["networks"] == services()["postgres"]["networks"] == ["inside"]


def test_each_file_that_is_mounted_is_there() -> None:
    mounts = [
        volume.split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    ]
    assert all((ROOT / path).exists() for path in mounts if path.startswith("."))


def test_the_image_holds_what_it_is_started_with_and_no_more() -> None:
    taken = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert all((ROOT / path).exists() for path in taken)
    assert {"manage.py", "requirements.txt", "deploy/healthy.py", "templates", "static"} <= taken
    apps = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert apps <= taken
    assert text(".dockerignore").splitlines()[1] == "*"


def test_the_image_ends_as_nobody_in_particular_with_a_health_check() -> None:
    stage = text("Dockerfile").rsplit("FROM ", 1)[1]
    assert stage.startswith("debian AS app")
    assert "\nUSER neartalk\n" in stage
    assert "HEALTHCHECK" in stage
    assert not re.search(r"pip|apt-get|SECRET", stage)


def test_redis_is_told_what_the_system_checks_ask_for() -> None:
    said = dict(
        line.split(" ", 1)
        for line in text("deploy/redis/neartalk.conf").splitlines()
        if line and not line.startswith("#")
    )
    assert said["save"] == '""'
    assert said["appendonly"] == "no"
    assert said["maxmemory-policy"] == "noeviction"
    assert said["slowlog-log-slower-than"] == "-1"
    assert services()["redis"]["command"][1] == "/etc/neartalk.conf"


def test_the_unit_names_what_the_installer_makes() -> None:
    service, installer = unit()["Service"], text("deploy/install.sh")
    assert service["EnvironmentFile"] in installer
    assert service["WorkingDirectory"] == "/opt/neartalk/current"
    for command in (service["ExecStart"], service["ExecStartPost"]):
        script = next(word for word in command.split() if word.endswith(".py"))
        assert (ROOT / script).exists()
    assert service["User"] == "neartalk"
    assert service["NoNewPrivileges"] == "yes"


def test_what_is_deployed_holds_no_secret() -> None:
    paths = [ROOT / name for name in ("compose.yaml", "Dockerfile", ".env.example")]
    for path in [*paths, *(ROOT / "deploy").rglob("*")]:
        if path.is_file() and path.suffix != ".pyc":
            assert not re.findall(r"\b[0-9a-f]{32,}\b", path.read_text()), path
