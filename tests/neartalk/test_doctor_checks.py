"""The checks of manage.py doctor, one by one: each fault is made once and found."""

from __future__ import annotations

import resource
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from smtplib import SMTPAuthenticationError
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.db import connections

from neartalk import clock
from neartalk.doctor import SECRET_BITS, Check, CheckOptions, Severity, bits, diagnose, fault, ok
from neartalk.doctor import (
    check as diagnosis,
)
from neartalk.doctor import (
    database as doctor_database,
)
from neartalk.doctor import (
    machine as doctor_machine,
)
from neartalk.doctor import (
    mail as doctor_mail,
)
from neartalk.doctor import (
    redis as doctor_redis,
)
from neartalk.doctor import (
    site as doctor_site,
)
from neartalk.doctor.settings import check_settings
from neartalk.redis import redis_nodes
from neartalk.redis.nodes import at_address
from tests.conftest import records_in
from tests.support.servers import Valkey, free_port
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from neartalk.doctor import Finding

WAIT_S = 20.0
HOUR_MS = 3_600_000
ROOMY = {"redis_version": "7.2.4", "role": "master", "used_memory": 1, "maxmemory": 100}
DEPLOYED: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "4mXz0vQ9hT7kLw2Rb8NcYp5JdSf1GaUe",
    "HTTPS": True,
    "TRUSTED_PROXIES": 1,
    "ALLOWED_HOSTS": ["example.org"],
    "OBJECTIONS": "appeals@example.org",
    "RATE_LIMITS_OFF": [],
    "PLACE_CLOCK": True,
}


def summary(found: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(str(one.severity), one.message) for one in found]


def only_message(found: Iterable[Finding]) -> str:
    """The only sentence."""
    [one] = found
    assert one.hint or one.severity is Severity.OK
    return one.message


# ---- All of them ---------------------------------------------------------------------------------


def test_the_worst_comes_first_and_what_breaks_is_named_by_its_type_alone() -> None:
    def break_down() -> Iterator[Finding]:
        yield ok("It began.")
        raise RuntimeError("redis://:hunter2@10.1.2.3")

    checks = [Check("disk", lambda: [ok("Room.")]), Check("Redis", break_down)]
    found = diagnose(CheckOptions(time_limit_s=WAIT_S), [lambda options: checks])
    assert [(one.about, one.finding.message) for one in found] == [
        ("Redis", "It could not be looked at: RuntimeError."),
        ("disk", "Room."),
        ("Redis", "It began."),
    ]


def test_nobody_waits_for_what_hangs() -> None:
    held = threading.Event()

    def hang() -> Iterator[Finding]:
        yield fault("It is full.", "Make room.")
        held.wait(WAIT_S)

    try:
        found = diagnose(CheckOptions(time_limit_s=0.05), [lambda options: [Check("Redis", hang)]])
    finally:
        held.set()
    assert "It did not answer in time." in [one.finding.message for one in found]


# ---- Settings ------------------------------------------------------------------------------------


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    for name, value in DEPLOYED.items():
        setattr(settings, name, value)
    return settings


def test_settings_for_strangers_need_no_word(deployed: Settings) -> None:
    assert [one.severity for one in check_settings("https://example.org")] == [Severity.OK]


@pytest.mark.parametrize(
    ("name", "value", "state", "why"),
    [
        ("DEBUG", True, "fault", "DEBUG is on"),
        ("SECRET_KEY", "tests", "fault", "SECRET_KEY can be guessed"),
        ("SECRET_KEY", "a" * 50, "fault", "SECRET_KEY can be guessed"),
        ("HTTPS", False, "warning", "HTTPS is off"),
        ("TRUSTED_PROXIES", 0, "warning", "TRUSTED_PROXIES is 0"),
        ("ALLOWED_HOSTS", ["*"], "warning", "any name"),
        ("ALLOWED_HOSTS", ["example.com"], "fault", "does not have example.org"),
        ("CSRF_TRUSTED_ORIGINS", ["http://example.org"], "warning", "http://example.org"),
        ("CSRF_TRUSTED_ORIGINS", ["https://*.example.org"], "warning", "others may put"),
        ("OBJECTIONS", "", "warning", "where to object"),
        ("RATE_LIMITS_OFF", ["chat.send"], "warning", "RATE_LIMITS_OFF"),
        ("RATE_LIMITS_SCALE", 1000.0, "warning", "RATE_LIMITS_SCALE"),
        ("HINTS_DROPPED", 0.2, "warning", "HINTS_DROPPED"),
        ("REDIS_MAY_KEEP", True, "warning", "REDIS_MAY_KEEP"),
        ("PLACE_CLOCK", False, "warning", "PLACE_CLOCK"),
    ],
)
def test_each_setting_that_is_wrong_is_said(
    deployed: Settings, name: str, value: object, state: str, why: str
) -> None:
    setattr(deployed, name, value)
    [(found, sentence)] = summary(check_settings("https://example.org"))
    assert (found, why in sentence) == (state, True), sentence


def test_a_developers_own_machine_may_have_debug_on(settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    assert {state for state, _ in summary(check_settings(""))} == {"warning"}
    assert {state for state, _ in summary(check_settings("http://localhost:8080"))} == {"warning"}


def test_chance_is_counted_by_how_evenly_letters_come() -> None:
    assert bits("") == bits("aaaa") == 0
    assert bits("0123456789abcdef") == 64
    assert bits("9f86d081884c7d659a2feaa0c55ad015") > SECRET_BITS


# ---- Redis ---------------------------------------------------------------------------------------


def test_a_redis_that_answers_has_a_clock_and_a_way(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow it is on a machine that does much else.
    monkeypatch.setattr(doctor_redis, "SLOW_MS", WAIT_S * 1000)
    found = summary(doctor_redis.check_redis(redis_url, WAIT_S))
    assert [state for state, _ in found] == ["warning", "ok"]
    assert "no memory limit" in found[0][1]
    assert found[1][1].startswith("It answers in ")


def test_a_clock_that_is_off_is_said_of_each_store(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = clock.now_ms
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms() + HOUR_MS)
    found = [sentence for _, sentence in summary(doctor_redis.check_redis(redis_url, WAIT_S))]
    assert "Its clock is 3,600 s behind this machine's." in found
    assert only_message(diagnosis.clock(-3.0)).startswith("Its clock is 3 s behind")
    assert only_message(diagnosis.clock(3.0)).startswith("Its clock is 3 s ahead")
    assert not [*diagnosis.clock(1.9)]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"redis_version": "6.0.16"}, "version 6.0.16"),
        ({"role": "slave"}, "a replica"),
        ({"maxmemory": 0}, "no memory limit"),
        ({"used_memory": 81}, "It has used"),
        ({"used_memory": 101}, "memory is full"),
        ({"cluster_enabled": 1}, "slots that no master serves"),
    ],
)
def test_each_fault_of_a_redis_is_said(changed: dict[str, Any], why: str) -> None:
    now_ms = clock.now_ms()
    client: Any = SimpleNamespace(
        time=lambda: divmod(now_ms * 1000, 1_000_000),
        ping=lambda: True,
        cluster=lambda about: {"cluster_state": "fail"},
    )
    found = [
        one for one in doctor_redis.one(client, ROOMY | changed) if one.severity is not Severity.OK
    ]
    assert why in only_message(found)


def test_a_redis_that_is_away_or_open_to_all_is_said() -> None:
    away = doctor_redis.check_redis(f"redis://127.0.0.1:{free_port()}", WAIT_S)
    assert only_message(away) == "It does not answer: ConnectionError."
    assert "no password" in only_message(doctor_redis.password("redis://8.8.8.8:6379"))
    assert not [*doctor_redis.password("redis://:secret@8.8.8.8:6379")]
    assert not [*doctor_redis.password("redis://redis:6379")]
    assert only_message([doctor_redis.round_trip(60)]).startswith(
        "It answers in 60 ms, which every"
    )


def test_every_master_of_a_cluster_is_looked_at() -> None:
    with ExitStack() as stack:
        first, second = (started(Node(), stack) for _ in range(2))
        with first._client() as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE 0 8191")
            client.execute_command("CLUSTER MEET 127.0.0.1", second.port, second.bus)

            def met() -> bool:
                nodes = client.cluster("nodes").values()
                return sum("master" in one["flags"] for one in nodes) == 2

            until(met, "they have shaken hands")
        with redis_nodes(first.url, WAIT_S) as each:
            assert each.keys() == {f"127.0.0.1:{one.port}" for one in (first, second)}
            assert all(client.ping() for client in each.values())
        found = summary(doctor_redis.check_redis(first.url, WAIT_S))
        broken = f"127.0.0.1:{first.port}: Its cluster has slots that no master serves."
        assert ("fault", broken) in found
        assert len({sentence.partition(": ")[0] for _, sentence in found}) == 2


class Node(Valkey):
    """Of a cluster. The port of its bus is its own, too: 10,000 further there may be another's."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = free_port()

    def command(self) -> list[str]:
        return [*super().command(), "--cluster-enabled", "yes", "--cluster-port", str(self.bus)]


def started(node: Node, stack: ExitStack) -> Node:
    stack.callback(node.close)
    node.start()
    return node


def test_a_master_is_asked_by_the_same_secret() -> None:
    url = "rediss://me:s%40fe@one:7000/0?a=b"
    assert at_address(url, "two:7001") == "rediss://me:s%40fe@two:7001/0?a=b"


# ---- The database --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_database_with_its_tables_is_well(each_database: str) -> None:
    assert [one.severity for one in doctor_database.check_database(WAIT_S)] == [Severity.OK]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_not_for_many_machines(settings: Settings) -> None:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = ["redis://127.0.0.1"]
    assert summary(doctor_database.check_database(WAIT_S))[0][1].startswith("Records are in a file")


@pytest.mark.django_db(transaction=True)
def test_missing_tables_and_a_crowd_of_connections_are_said(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_database, "CROWDED", 0)
    with records_in(postgres_url):
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        found = summary(doctor_database.check_database(WAIT_S))
    assert found[0] == ("fault", f"{found[0][1].partition(' ')[0]} migrations are not applied.")
    assert "connections are taken" in found[1][1]


# ---- The machine ---------------------------------------------------------------------------------


def test_a_machine_without_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := tmp_path / "meminfo").write_text("MemTotal:  1000000 kB\nMemAvailable:  50000 kB\n")
    assert summary(doctor_machine.memory(path)) == [("warning", "48 of 976 MB of memory are free.")]
    severities = [doctor_machine.room("disk", free, 100).severity for free in (1, 9, 50)]
    assert severities == [Severity.FAULT, Severity.WARNING, Severity.OK]
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    assert "1,024 sockets and files" in only_message(doctor_machine.open_files())
    assert "512 people at most" in only_message(doctor_machine.open_files())
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, 0))
    assert [one.severity for one in doctor_machine.open_files()] == [Severity.OK]


# ---- As people reach it --------------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, httpx.Response]:
    """What is answered, by the address options."""
    known: dict[str, httpx.Response] = {}

    def got(url: str, timeout_s: float) -> httpx.Response:
        if url not in known:
            raise httpx.ConnectError("nobody")
        known[url].request = httpx.Request("GET", url)
        return known[url]

    monkeypatch.setattr(doctor_site, "got", got)
    return known


SITE = "https://example.org"
SAFE = {"strict-transport-security": "max-age=1", "set-cookie": "csrftoken=a; Secure"}


def test_a_page_that_is_safe_is_well(answers: dict[str, httpx.Response]) -> None:
    answers[f"{SITE}/"] = httpx.Response(200, headers={**SAFE, "server": "nginx"})
    assert [one.severity for one in doctor_site.page(SITE, WAIT_S)] == [Severity.OK]


@pytest.mark.parametrize(
    ("answer", "state", "why"),
    [
        (httpx.Response(400), "fault", "answered by 400"),
        (httpx.Response(200, headers=SAFE | {"server": "nginx/1.22"}), "warning", "nginx/1.22"),
        (httpx.Response(200), "warning", "Strict-Transport-Security"),
        (httpx.Response(200, headers=SAFE | {"set-cookie": "a=b"}), "fault", "A cookie"),
        (None, "fault", "Nothing answers at https://example.org: ConnectError"),
    ],
)
def test_each_fault_of_a_page_is_said(
    answers: dict[str, httpx.Response], answer: httpx.Response | None, state: str, why: str
) -> None:
    if answer:
        answers[f"{SITE}/"] = answer
    found = [one for one in doctor_site.page(SITE, WAIT_S) if one.severity is not Severity.OK]
    assert found[0].severity == state
    assert why in only_message(found)


def test_a_server_that_says_it_is_not_well_is_believed(answers: dict[str, httpx.Response]) -> None:
    url = f"{SITE}/api/health"
    answers[url] = httpx.Response(503, json={"live": True, "ready": False, "redis": False})
    assert (
        only_message(doctor_site.health(SITE, WAIT_S))
        == "It says that it is not well: ready, redis."
    )
    answers[url] = httpx.Response(502, text="Bad Gateway")
    assert "not answered by NearTalk but by a 502" in only_message(doctor_site.health(SITE, WAIT_S))


def test_plain_http_must_lead_to_tls(answers: dict[str, httpx.Response]) -> None:
    url = "http://example.org/"
    assert [one.severity for one in doctor_site.plain(url, WAIT_S)] == [Severity.OK]
    answers[url] = httpx.Response(301, headers={"location": f"{SITE}/"})
    assert [one.severity for one in doctor_site.plain(url, WAIT_S)] == [Severity.OK]
    answers[url] = httpx.Response(200)
    assert "answered by 200" in only_message(doctor_site.plain(url, WAIT_S))


def test_strangers_must_not_read_figures(answers: dict[str, httpx.Response]) -> None:
    answers[f"{SITE}/metrics"] = httpx.Response(404)
    assert [one.severity for one in doctor_site.metrics(SITE, WAIT_S)] == [Severity.OK]
    answers[f"{SITE}/metrics"] = httpx.Response(200)
    assert only_message(doctor_site.metrics(SITE, WAIT_S)) == "Strangers can read /metrics."


def test_what_is_asked_of_a_site_is_what_it_has() -> None:
    def asked(url: str) -> set[str]:
        return {check.about for check in doctor_site.checks_for(CheckOptions(url))}

    assert asked("") == set()
    both = {"page", "health", "WebSocket"}
    assert asked("http://localhost:8080") == asked("http://127.0.0.1:8080") == both
    tls = {"certificate", "metrics"}
    assert asked("https://example.org:8443") == both | tls
    assert asked("https://example.org") == both | tls | {"plain HTTP"}


def test_a_certificate_that_ends_soon_is_said() -> None:
    assert diagnosis.certificate(60.0).severity is Severity.OK
    assert only_message([diagnosis.certificate(3.0)]) == "Its certificate ends in 3 days."


class Deaf(BaseHTTPRequestHandler):
    """It answers, and knows nothing of sockets."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


def test_a_proxy_without_web_sockets_is_found() -> None:
    with HTTPServer(("127.0.0.1", 0), Deaf) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert only_message(doctor_site.web_socket(url, WAIT_S)) == "No socket opens: 400 instead."
        thread.join(WAIT_S)


# ---- Mail ----------------------------------------------------------------------------------------


def test_a_mail_server_that_refuses_us_or_is_away_is_a_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST, settings.SITE_URL = "mail.example.org", "https://near.example.org"
    whats = {SMTPAuthenticationError(535, b"secret"): "refuses our user", TimeoutError(): "Timeout"}
    for why, words in whats.items():
        monkeypatch.setattr(doctor_mail, "get_connection", lambda why=why, **named: raising(why))
        [found] = doctor_mail.check_mail(1)
        assert found.severity == Severity.FAULT
        assert words in found.message
        assert "secret" not in found.message


def raising(why: Exception) -> None:
    raise why


def test_a_mail_server_that_takes_us_is_well_and_without_one_nothing_is_asked(
    settings: Settings,
) -> None:
    settings.EMAIL_HOST, settings.SITE_URL, settings.ALLOWED_HOSTS = "mail.example.org", "", []
    assert [one.severity for one in doctor_mail.check_mail(1)] == [Severity.WARNING, Severity.OK]
    settings.EMAIL_HOST = ""
    assert [*doctor_mail.checks_for(CheckOptions())] == []
