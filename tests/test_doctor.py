"""manage.py doctor: no fault in a healthy deployment; each fault that is made is found."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
import redis

from neartalk.doctor import Diagnosis, Severity, fault, ok
from neartalk.doctor.site import health, page, web_socket
from neartalk.management.commands.doctor import lines
from presence import doctor as visits
from tests.support.servers import Server, free_port
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.support.servers import Valkey

SECRET = "a-secret-that-nobody-is-told-of"


class Home(NamedTuple):
    redis: Valkey
    server: Server


@pytest.fixture(scope="module")
def home(redis_server: Valkey, postgres_url: str) -> Iterator[Home]:
    """A server as tests.support.deployments has it: it trusts a proxy, and none stands in front."""
    redis_server.flush()
    env = {"REDIS_URL": redis_server.url, "DATABASE_URL": postgres_url, "TRUSTED_PROXIES": "1"}
    server = Server("uvicorn", {**env, "OBJECTIONS": "appeals@example.org"})
    try:
        server.migrate()
        yield Home(redis_server, server.start())
    finally:
        server.close()


def doctor(home: Home, *args: str, **env: str) -> tuple[int, list[dict[str, Any]], str]:
    """How it ended, what it found, and all that it printed."""
    options = home.server.options()
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json", *args],
        check=False,
        timeout=WAIT_S,
        capture_output=True,
        text=True,
        **{**options, "env": {**options["env"], **env}},
    )
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def messages_of(found: list[dict[str, Any]], state: str) -> dict[str, str]:
    return {one["about"]: one["says"] for one in found if one["state"] == state}


@contextmanager
def written_to_disk(home: Home) -> Iterator[None]:
    with redis.Redis(port=home.redis.port) as client:
        client.config_set("save", "3600 1")
        try:
            yield
        finally:
            client.config_set("save", "")


def test_a_healthy_deployment_has_no_fault(home: Home) -> None:
    code, found, _ = doctor(home, "--timeout", "30")
    assert messages_of(found, "fault") == {}
    assert code == 0
    assert {"checks", "database"} <= messages_of(found, "ok").keys()
    # How quick Redis is, and how much room there is, is a matter of what else runs here.
    told = [(one["about"], one["says"]) for one in found]
    redis_name = f"Redis 127.0.0.1:{home.redis.port}"
    assert any(about == redis_name and says.startswith("It answers in ") for about, says in told)
    assert {about for about, says in told if says.endswith(" are free.")} == {"disk", "memory"}
    assert [one["about"] for one in found if not one["do"] and one["state"] != "ok"] == []


def test_each_fault_is_found_with_what_to_do_and_without_a_secret(home: Home) -> None:
    """Redis writes to a disk, PostgreSQL and the relay are dead, and the key is short."""
    url = f"turn:127.0.0.1:{free_port()}?transport=tcp"
    env = {"SECRET_KEY": "short", "DEBUG": "0", "ALLOWED_HOSTS": "example.org"}
    env["DATABASE_URL"] = f"postgresql://somebody:{SECRET}@127.0.0.1:{free_port()}/records"
    with written_to_disk(home):
        relay = {"TURN_URLS": url, "TURN_SECRET": SECRET}
        code, found, printed = doctor(home, "--timeout", "30", **env, **relay)
    assert code == 1
    faults = messages_of(found, "fault")
    assert faults["settings"].startswith("SECRET_KEY can be guessed")
    assert faults["checks"] == "neartalk.E004: Redis writes what was said to a disk."
    assert faults["database"] == "It does not answer: OperationalError."
    assert faults[url] == "It does not answer: ConnectionRefusedError."
    assert all(one["do"] for one in found if one["state"] != "ok")
    assert [one["state"] for one in found] == sorted(
        (one["state"] for one in found), key=["fault", "warning", "ok"].index
    )
    assert SECRET not in printed


def test_it_is_seen_as_people_reach_it(home: Home) -> None:
    for visit in (page, health, web_socket):
        assert [one.severity for one in visit(home.server.url, WAIT_S)] == [Severity.OK]


def test_a_server_that_believes_addresses_that_are_made_up_is_found_by_a_visit(
    home: Home, settings: Settings
) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [home.redis.url]
    settings.TRUSTED_PROXIES = 1
    [found] = visits.check_address_seen(home.server.url, WAIT_S)
    assert found.severity is Severity.FAULT
    assert found.message.startswith("It believes whatever address its callers make up")
    with redis.Redis(port=home.redis.port) as client:
        assert [*client.scan_iter("*session:*")] == [], "the visit is over"


def test_a_server_that_takes_everybody_for_its_own_machine_is_found_too(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [home.redis.url]
    [found] = visits.check_address_seen(home.server.url, WAIT_S)
    assert (found.severity, found.message) == (
        Severity.OK,
        "It takes us for its own machine, which we are.",
    )
    monkeypatch.setattr(visits, "is_near", lambda url: False)
    [found] = visits.check_address_seen(home.server.url, WAIT_S)
    assert found.severity is Severity.FAULT
    assert found.message.startswith("It takes us for its own machine, and everybody else")
    [found] = visits.check_address_seen(f"http://127.0.0.1:{free_port()}", WAIT_S)
    assert found.severity is Severity.WARNING
    assert found.message.startswith("No visit can be begun: ")


def test_proxies_that_are_not_counted_are_told_from_what_the_server_has_seen(home: Home) -> None:
    assert [one.severity for one in visits.check_proxies(home.server.url, WAIT_S)] == [Severity.OK]
    httpx.post(f"{home.server.url}/api/session/create", headers={"X-Forwarded-For": "unknown"})
    [found] = visits.check_proxies(home.server.url, WAIT_S)
    assert (found.severity, found.hint[:26]) == (Severity.WARNING, "Have it write the address ")
    assert [*visits.check_proxies(f"http://127.0.0.1:{free_port()}", WAIT_S)] == []


def test_what_to_do_stands_below_what_is_wrong() -> None:
    rows = [*lines([Diagnosis("Redis", fault("Away.", "Start it.")), Diagnosis("disk", ok("Ok."))])]
    assert [[*row.values()] for row in rows] == [
        ["fault", "Redis", "Away."],
        ["", "", "  Start it."],
        ["ok", "disk", "Ok."],
    ]
