"""What the environment may say: every setting is understood whole, or refused in words that name it
and hold no secret."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import redis
from channels_redis.utils import create_pool
from django.core.exceptions import ImproperlyConfigured

from neartalk.environment import (
    channel_prefix,
    database,
    database_number,
    deployment,
    env_bool,
    env_choice,
    env_float,
    env_int,
    env_list,
    env_networks,
    hosts,
    mail_addresses,
    mail_server,
    names_local,
    objections,
    origins,
    redis_urls,
    sender,
    site_url,
    stun_urls,
    turn_urls,
)
from neartalk.redis.client import connect
from neartalk.redis.cluster import Cluster
from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "hunter2"


def refusal(call: Callable[..., object], *arguments: object, **named: object) -> str:
    """The words of the refusal."""
    with pytest.raises(ImproperlyConfigured) as refused:
        call(*arguments, **named)
    # Neither in the words nor in what they came from, which a traceback prints.
    why: BaseException | None = refused.value
    while why:
        assert SECRET not in str(why)
        why = why.__cause__ or (None if why.__suppress_context__ else why.__context__)
    return str(refused.value)


# ---- DATABASE_URL --------------------------------------------------------------------------------

PLACE = f"postgresql://me:{SECRET}@db.example.org"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"mysql://me:{SECRET}@db/records", "must begin with"),
        (f"{PLACE}/records?sslmod=require", "unknown option, sslmod"),
        (f"{PLACE}/records?SSLMODE=require", "unknown option, SSLMODE"),
        (f"{PLACE}/records?ssl=true", "unknown option, ssl"),
        (f"{PLACE}/records?pool=false", "unknown option, pool"),
        (f"{PLACE}/records?sslmode=verify_full", "this value of its option sslmode"),
        (f"{PLACE}/records?sslmode=", "option sslmode is empty"),
        (f"{PLACE}/records?sslmode", "option=value"),
        (f"{PLACE}/records?sslmode=require&sslmode=disable", "the option sslmode twice"),
        (f"{PLACE}/records?sslrootcert=/no/such/file", "no file where its option sslrootcert"),
        (f"{PLACE}/records?sslmode=require&sslrootcert=system", "together sslmode, sslrootcert"),
        (f"{PLACE}/records?connect_timeout=soon", "connect_timeout takes a whole number"),
        (f"{PLACE}/records?target_session_attrs=any-old", "target_session_attrs"),
        (f"{PLACE}/records?port=543x", "a port is a number"),
        (f"{PLACE}/records?host=one,other,third&port=1,2", "one for each host"),
        (f"{PLACE}/records?hostaddr=db.example.org", "hostaddr takes addresses"),
        (f"{PLACE}:543x/records", "a colon and a port"),
        (f"{PLACE}:/records", "a colon and a port"),
        (f"{PLACE}:65536/records", "a port is a number"),
        (f"{PLACE}:0/records", "a port is a number"),
        (f"{PLACE}/", "names no database"),
        (f"{PLACE}", "names no database"),
        (f"{PLACE}/{'a' * 64}", "at most 63"),
        (f"{PLACE}/records#prod", "behind a #"),
        (f"{PLACE}/re cords", "a space or a line's end"),
        (f"{PLACE}/records\nDEBUG=1", "a space or a line's end"),
        (f"postgresql://me:{SECRET}/1@db/records", "%2F"),
        (f"postgresql://me:12?{SECRET}=1@db/records", "%3F"),
        (f"postgresql://me:{SECRET}#1@db/records", "%23"),
        (f"postgresql://me:{SECRET}%@db/records", "%25"),
        (f"postgresql://me:{SECRET}[1]@db/records", "%5B"),
        ("postgresql://me:@db/records", "is empty"),
        (f"postgresql://me:{SECRET}@2001:db8::1/records", "[brackets]"),
        (f"postgresql://me:{SECRET}@[2001:db8::1]5432/records", "a colon and a port"),
        (f"postgresql://me:{SECRET}@[db]/records", "no name and no address"),
        (f"postgresql://me:{SECRET}@one,other/records", "no name and no address"),
        (f"postgresql://me:{SECRET}@one:1,other:2/records", "a colon and a port"),
        ("sqlite://records.sqlite3", "three slashes"),
        ("sqlite:///records.sqlite3?mode=ro", "takes no option"),
        ("sqlite:////var/lib/", "path of a file"),
        ("postgresql:records", "must begin with"),
    ],
)
def test_a_database_that_is_not_understood_is_refused_at_the_start(url: str, why: str) -> None:
    words = refusal(database, url)
    assert "DATABASE_URL" in words
    assert why in words


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        (f"{PLACE}/records?sslmode=verify-full&sslrootcert=system", "sslrootcert", "system"),
        (
            f"{PLACE}/records?options=-c%20statement_timeout%3D9",
            "options",
            "-c statement_timeout=9",
        ),
        (f"{PLACE}/records?application_name=true", "application_name", "true"),
        (f"{PLACE}/records?keepalives_idle=30", "keepalives_idle", 30),
        (f"{PLACE}/records?hostaddr=192.0.2.7,2001:db8::7", "hostaddr", "192.0.2.7,2001:db8::7"),
    ],
)
def test_options_reach_the_driver_as_they_were_written(url: str, name: str, value: object) -> None:
    assert database(url)["OPTIONS"][name] == value


def test_a_socket_may_be_written_where_a_host_stands() -> None:
    for rest in ("", "?sslmode=disable"):
        found = database(f"postgresql://me:{SECRET}@%2Frun%2Fpostgresql:6432/records{rest}")
        assert (found["HOST"], found["PORT"]) == ("/run/postgresql", "6432")
        assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("me", SECRET, "records")
    assert found["OPTIONS"]["sslmode"] == "disable"
    assert database("postgres://%2frun/records")["HOST"] == "/run"


def test_what_stands_in_the_query_is_meant_and_nothing_is_dropped() -> None:
    found = database(f"{PLACE}/records?user=other&password=open%20sesame&host=/run&port=6432")
    assert (found["USER"], found["PASSWORD"]) == ("other", "open sesame")
    assert (found["HOST"], found["PORT"]) == ("/run", "6432")
    assert found["OPTIONS"] == {"pool": True}


def test_several_hosts_and_addresses_in_brackets_are_understood() -> None:
    two = database(f"postgresql://me:{SECRET}@/records?host=one,other&port=5432,5433")
    assert (two["HOST"], two["PORT"]) == ("one,other", "5432,5433")
    six = database(f"  postgresql://me:{SECRET}@[2001:db8::1]:6432/records\n")
    assert (six["HOST"], six["PORT"], six["PASSWORD"]) == ("2001:db8::1", "6432", SECRET)


# ---- REDIS_URL, LAYER_REDIS_URL ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (f"http://:{SECRET}@redis", "not http://"),
        (f":{SECRET}@redis:6379", "does not begin with a scheme"),
        ("redis.example.org:6379", "does not begin with a scheme"),
        (f"redis://:{SECRET}@redis:637o/0", "a colon and a port"),
        (f"redis://:{SECRET}@redis:99999/0", "a port is a number"),
        (f"redis://:{SECRET}@redis/zero", "number of a database"),
        (f"redis://:{SECRET}@redis/0?db=1", "twice"),
        (f"redis://:{SECRET}@redis?db=a", "number of a database"),
        (f"rediss://:{SECRET}@redis?ssl_ca_path=/etc", "unknown option, ssl_ca_path"),
        (f"redis://:{SECRET}@redis/0/1", "number of a database"),
        (f"redis://:{SECRET}@redis/-1", "number of a database"),
        (f"redis://:{SECRET}@redis/0#a", "behind a #"),
        (f"redis://:{SECRET}@:6379/0", "names no host"),
        ("redis:///0", "names no host"),
        (f"redis://:{SECRET}@red is/0", "a space"),
        (f"redis://:{SECRET}@redis?socket_timeout=60", "unknown option, socket_timeout"),
        (f"redis://:{SECRET}@redis?ssl_cert_reqs=none", "redis:// takes none"),
        (f"rediss://:{SECRET}@redis?ssl_cert_req=none", "unknown option, ssl_cert_req:"),
        (f"rediss://:{SECRET}@redis?ssl_cert_reqs=no", "ssl_cert_reqs takes none, optional"),
        (f"rediss://:{SECRET}@redis?ssl_ca_certs=/no/such/file", "no file where its ssl_ca_certs"),
        (f"rediss://:{SECRET}@redis?ssl_check_hostname=perhaps", "takes false, true"),
        (f"redis://:{SECRET}/1@redis:6379/0", "%2F"),
        (f"redis://:{SECRET}]@redis:6379/0", "%5D"),
        ("redis://:@redis:6379/0", "is empty"),
        (f"redis://:{SECRET}@2001:db8::1:6379/0", "[brackets]"),
        (f"redis://:{SECRET}@[2001:db8::1]6379/0", "a colon and a port"),
        ("redis://one:6379,other:6379", "a colon and a port"),
        ("redis://one,other", "no name and no address"),
        ("unix://redis.sock", "path of a socket"),
        ("unix:///run/redis.sock?db=a", "number of a database"),
        ("unix:///run/redis.sock?number=1", "unknown option, number"),
        ("redis://one/1,redis://other/1", "no numbered databases"),
        ("redis://one,unix:///run/redis.sock", "not sockets"),
        (f"redis://:{SECRET}@one,redis://other", "share scheme, user, password"),
        ("redis://one,rediss://other", "share scheme, user, password"),
    ],
)
def test_a_redis_that_is_not_understood_is_refused_at_the_start(value: str, why: str) -> None:
    words = refusal(redis_urls, "REDIS_URL", value, cluster=True)
    assert words.startswith("REDIS_URL: ")
    assert why in words


def test_the_hosts_of_the_layer_are_no_cluster_and_may_differ() -> None:
    urls = redis_urls("LAYER_REDIS_URL", "redis://a:b@one/1, rediss://other/2,", cluster=False)
    assert urls == ["redis://a:b@one/1", "rediss://other/2"]
    assert [database_number(url) for url in urls] == [1, 2]
    assert database_number("unix:///run/redis.sock?db=3") == 3
    assert database_number("rediss://one?ssl_cert_reqs=none") == 0
    assert redis_urls("REDIS_URL", " ", cluster=True) == []
    assert redis_urls("REDIS_URL", "REDIS://one:06379/?db=2", cluster=True) == [
        "redis://one:6379/2"
    ]


PASSWORD = "a,b@c:d/e%f?g#h,redis://i"


@pytest.mark.parametrize("written", ["a,b@c:d%2Fe%25f%3Fg%23h,redis%3A%2F%2Fi", None])
def test_every_client_reads_the_same_user_and_password(written: str | None) -> None:
    """`None`: with every letter encoded that may be."""
    secret = written or "".join(f"%{ord(one):02X}" for one in PASSWORD)
    one = f"redis://near%2Ctalk:{secret}@localhost:6380"
    first, other = redis_urls("REDIS_URL", f"{one},{one.replace('6380', '6381')}", cluster=True)

    async def read() -> list[dict[str, Any]]:
        cluster = Cluster([first, other])
        node = cluster.topology.client("10.0.0.1", 1)
        found = [
            connect(first).connection_pool.connection_kwargs,
            create_pool({"address": first}).connection_kwargs,
            redis.Redis.from_url(first).connection_pool.connection_kwargs,
            cluster.topology.cluster.connection_kwargs,
            node.connection_pool.connection_kwargs,
        ]
        await cluster.aclose()
        return found

    for found in asyncio.run(read()):
        assert (found["username"], found["password"]) == ("near,talk", PASSWORD)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "ca,of us.pem"
    path.write_text("")
    return path


def test_options_of_tls_reach_every_client(certificate: Path) -> None:
    name = str(certificate).replace(" ", "%20").replace(",", "%2C")
    options = f"ssl_cert_reqs=optional&ssl_ca_certs={name}&ssl_check_hostname=false"
    options += f"&ssl_certfile={name}&ssl_keyfile={name}"
    value = f"rediss://one?{options},rediss://other?{options}"
    first, other = redis_urls("REDIS_URL", value, cluster=True)

    async def read() -> list[dict[str, Any]]:
        cluster = Cluster([first, other])
        found = [
            connect(first).connection_pool.connection_kwargs,
            create_pool({"address": first}).connection_kwargs,
            redis.ConnectionPool.from_url(first).connection_kwargs,
            cluster.topology.cluster.connection_kwargs,
            cluster.topology.client("10.0.0.1", 1).connection_pool.connection_kwargs,
        ]
        assert (
            "ssl" in cluster.topology.cluster.connection_kwargs["connection_class"].__name__.lower()
        )
        await cluster.aclose()
        return found

    for found in asyncio.run(read()):
        assert found["ssl_cert_reqs"] == "optional"
        assert found["ssl_ca_certs"] == str(certificate)
        assert found["ssl_check_hostname"] is False


@pytest.mark.parametrize(
    ("deployment", "store", "layer"),
    [
        ("other", "redis://one/0", "redis://one/0"),
        ("neartalk", "redis://one/1", "redis://one/1"),
        ("neartalk", "redis://one/1", "redis://one/0"),
        ("neartalk", "redis://one/0", "redis://one/1"),
        ("neartalk", "redis://one/11", "redis://one/0"),
        ("neartalk", "unix:///run/redis.sock?db=2", "redis://one"),
    ],
)
def test_no_two_deployments_on_one_redis_share_a_channel(
    deployment: str, store: str, layer: str
) -> None:
    first = channel_prefix("neartalk", "redis://one/0", ["redis://one/0"])
    assert first == "neartalk:0-0:"
    found = channel_prefix(deployment, store, [layer])
    assert not found.startswith(first)
    assert not first.startswith(found)
    assert found.startswith(f"{deployment}:")


# ---- Others --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "value", "why"),
    [
        (stun_urls, "stun.example.org:3478", "stun:host:port"),
        (stun_urls, "stun://stun.example.org", "stun:host:port"),
        (stun_urls, "turn:turn.example.org", "stun:host:port"),
        (stun_urls, "stun:stun.example.org:34x", "a colon and a port"),
        (stun_urls, "stun:", "stun:host:port"),
        (stun_urls, "stun::3478", "names no host"),
        (stun_urls, "stun:2001:db8::1", "[brackets]"),
        (stun_urls, "stun:stun.example.org?transport=udp", "no option"),
        (turn_urls, f"turn:me:{SECRET}@turn.example.org", "turn:host:port"),
        (turn_urls, "turn:turn.example.org?transport=sctp", "but ?transport=udp"),
        (turn_urls, "turn:turn.example.org?transport=tcp&a=b", "but ?transport=udp"),
        (turn_urls, "turns:turn.example.org?transport=udp", "over TCP"),
        (turn_urls, "turn:turn.example.org/3478", "turn:host:port"),
        (turn_urls, "turn:turn.example.org#3478", "turn:host:port"),
        (origins, "example.org", "scheme"),
        (origins, "https://example.org/", "nothing behind"),
        (origins, "https://example.org/chat", "nothing behind"),
        (origins, "ftp://example.org", "https://"),
        (origins, f"https://me:{SECRET}@example.org", "nothing behind"),
        (origins, "https://example.org:44x", "a colon and a port"),
        (origins, "https://", "nothing behind"),
        (hosts, "https://example.org", "names alone"),
        (hosts, "example.org:8080", "names alone"),
        (hosts, "2001:db8::1", "[brackets]"),
        (hosts, "exa mple.org", "no name"),
    ],
)
def test_an_address_for_others_is_refused_too(
    read: Callable[[str, list[str]], list[str]], value: str, why: str
) -> None:
    words = refusal(read, "SETTING", [value])
    assert words.startswith("SETTING: ")
    assert why in words


def test_addresses_for_others_are_left_as_they_are() -> None:
    stun = ["stun:stun.example.org", "stuns:[2001:db8::1]:5349", "stun:192.0.2.1:3478"]
    assert stun_urls("STUN_URLS", stun) == stun
    turn = ["turn:turn.example.org?transport=udp", "turns:turn.example.org:443?transport=tcp"]
    assert turn_urls("TURN_URLS", turn) == turn
    pages = ["https://example.org", "https://*.example.org:8443", "http://[::1]:8080"]
    assert origins("CSRF_TRUSTED_ORIGINS", pages) == pages
    usual = ["HTTPS://Example.org", "https://a.example:443", "http://a.example:80"]
    as_browsers_write = ["https://example.org", "https://a.example", "http://a.example"]
    assert origins("CSRF_TRUSTED_ORIGINS", usual) == as_browsers_write
    assert origins("CSRF_TRUSTED_ORIGINS", ["http://a:443", "https://a:80"]) == [
        "http://a:443",
        "https://a:80",
    ]
    names = ["example.org", ".example.org", "*", "10.0.0.1", "[::1]"]
    assert hosts("ALLOWED_HOSTS", names) == names


def test_where_to_object_is_a_place_that_a_page_may_lead_to() -> None:
    for where in ("", "appeals@example.org", "mailto:a@example.org", "https://example.org/a?b#c"):
        assert objections("OBJECTIONS", where) == where
    for where in (
        "javascript:alert(1)",
        "example.org",
        "http://",
        "https://exa mple.org",
        "a@b c.d",
    ):
        assert refusal(objections, "OBJECTIONS", where).startswith("OBJECTIONS: ")


@pytest.mark.parametrize("name", ["near-talk.2", "a", "0" * 32])
def test_a_deployment_has_a_name(name: str) -> None:
    assert deployment(name) == name


@pytest.mark.parametrize("name", ["", "a" * 33, "A", "a:b", "a*", "{a}", "-a", "ä"])
def test_a_name_that_is_no_part_of_a_pattern_is_asked_for(name: str) -> None:
    assert refusal(deployment, name).startswith("DEPLOYMENT: ")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env_bool("SETTING", default=True), "oui"),
        (lambda: env_int("SETTING", 1), "1.5"),
        (lambda: env_int("SETTING", 1), "-1"),
        (lambda: env_int("SETTING", 1), SECRET),
        (lambda: env_float("SETTING", 1), "nan"),
        (lambda: env_float("SETTING", 1), "inf"),
        (lambda: env_float("SETTING", 1, 1), "1.1"),
        (lambda: env_float("SETTING", 1), "one"),
        (lambda: env_networks("SETTING"), "10.0.0.1/8"),
        (lambda: env_networks("SETTING"), "10.1.0.0/16, locals"),
        (lambda: env_choice("SETTING", "json", {"json", "console"}), "yaml"),
    ],
)
def test_what_is_no_switch_number_or_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], value: str
) -> None:
    monkeypatch.setenv("SETTING", value)
    assert refusal(read).startswith("SETTING: ")


def test_networks_at_home_are_named_by_a_word_among_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SETTING", "10.1.0.7, local")
    assert [str(one) for one in env_networks("SETTING")] == ["10.1.0.7/32"]
    assert names_local(env_list("SETTING"))
    monkeypatch.setenv("SETTING", "10.1.0.7")
    assert not names_local(env_list("SETTING"))


def test_a_command_says_it_in_one_line() -> None:
    env = {**os.environ, "REDIS_URL": f"redis://:{SECRET}@one:63x"}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 1
    assert done.stderr.startswith("not started: REDIS_URL: behind its host")
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr + done.stdout


# ---- EMAIL_URL, ALERT_EMAIL, SITE_URL ------------------------------------------------------------

MAIL_PLACE = f"smtp+tls://me%40example.org:{SECRET}@mail.example.org"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"imap://me:{SECRET}@mail.example.org", "must begin with smtp+tls://"),
        (f"smtp://me:{SECRET}@mail.example.org", "to be read"),
        (f"smtp+tls://me:{SECRET}@", "no host"),
        (f"{MAIL_PLACE}/inbox", "nothing may stand behind"),
        (f"{MAIL_PLACE}?tls=off", "nothing may stand behind"),
        (f"{MAIL_PLACE}:0", "a port is a number"),
        ("mail.example.org", "scheme"),
    ],
)
def test_a_mail_server_that_is_not_understood_is_refused(url: str, why: str) -> None:
    words = refusal(mail_server, url)
    assert "EMAIL_URL" in words
    assert why in words


def test_a_mail_server_is_understood_whole() -> None:
    found = mail_server(MAIL_PLACE)
    assert found == ("mail.example.org", 587, "me@example.org", SECRET, True, False)
    assert mail_server("smtps://mail.example.org") == ("mail.example.org", 465, "", "", False, True)
    assert mail_server(f"smtp://me:{SECRET}@[::1]:2525")[:4] == ("::1", 2525, "me", SECRET)
    assert not mail_server(" ").host


def test_mail_comes_from_whom_the_settings_name_first() -> None:
    server, readers = mail_server(MAIL_PLACE), ["night@example.org"]
    assert sender("near@example.org", server, readers) == "near@example.org"
    assert sender("", server, readers) == "me@example.org"
    assert sender("", mail_server("smtp://localhost"), readers) == "night@example.org"
    assert "EMAIL_FROM" in refusal(sender, "a@example.org\nBcc: b@c.org", server, readers)


@pytest.mark.parametrize(
    "value", ["night", "mailto:a@example.org", "a@example.org\r\nBcc: b@c.org"]
)
def test_whoever_is_told_has_a_plain_address(value: str) -> None:
    assert "ALERT_EMAIL" in refusal(mail_addresses, "ALERT_EMAIL", ["a@example.org", value])


@pytest.mark.parametrize(
    "value",
    ["example.org", "https://*.example.org", "https://a.org/x", "https://u:p@a.org", "ftp://a"],
)
def test_the_address_of_the_site_is_one_origin(value: str) -> None:
    assert "SITE_URL" in refusal(site_url, "SITE_URL", value)
    assert site_url("SITE_URL", " https://Near.example.org:443/ ") == "https://near.example.org"
    assert site_url("SITE_URL", "") == ""
