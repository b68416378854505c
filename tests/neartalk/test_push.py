"""Web Push: encrypted for one browser, signed for its service, and sent to known hosts alone."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpcore
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from neartalk.environment import push_hosts, vapid_private_key, vapid_subject
from neartalk.parts import Platform
from neartalk.push import (
    PushOutcome,
    PushSender,
    PushSubscription,
    VapidKeys,
    is_known,
    is_subscription,
    new_private_key,
)
from neartalk.push import sender as sending
from neartalk.push.hosts import is_public
from neartalk.push.network import CONNECTIONS, PublicNetwork
from tests.support.processes import LoopClock
from tests.support.push_service import PushDevice, PushService, claims_of, push_service
from tests.support.waiting import WAIT_S, deadline

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

SUBJECT = "mailto:operator@example.org"
HOSTS = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "http://127.0.0.1:9000",
]
PAYLOAD = b'{"kind":"reply","name":"Ana"}'


def subscription(device: PushDevice) -> PushSubscription:
    fields = device.fields
    return PushSubscription(fields["endpoint"], fields["p256dh"], fields["auth"])


def sender_to(service: PushService) -> PushSender:
    return PushSender(VapidKeys(new_private_key(), SUBJECT), [service.origin], 1800)


# ---- Where it may go --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://fcm.googleapis.com:443/wp/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "http://127.0.0.1:9000/201",
    ],
)
def test_endpoints_of_browsers_are_known(endpoint: str) -> None:
    assert is_known(endpoint, HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "fcm.googleapis.com/abc",
        "http://fcm.googleapis.com/abc",
        "https://fcm.googleapis.com:8443/abc",
        "https://fcm.googleapis.com.example.org/abc",
        "https://example.org/fcm.googleapis.com",
        "https://push.apple.com/abc",
        "https://evilpush.apple.com/abc",
        "https://127.0.0.1/abc",
        "https://127.0.0.1:9000/201",
        "http://127.0.0.1:9001/201",
        "http://localhost:9000/201",
        "https://[::1]/abc",
        "https://10.0.0.1/abc",
        "https://2130706433/abc",
        "https://user:word@fcm.googleapis.com/abc",
        "https://fcm.googleapis.com@10.0.0.1/abc",
        "https://fcm.googleapis.com\\@10.0.0.1/abc",
        "https://fcm.googleapis.com/abc#there",
        "https://fcm.googleapis.com /abc",
        "https://fcm.googleapis.com\r\nHost: example.org/abc",
        "https://fcm.googleapis.com./abc",
        "https://fcm.googleapiſ.com/abc",
        "https://fcm.googleapis.com:99999/abc",
        "file:///etc/passwd",
        "gopher://fcm.googleapis.com/abc",
        "javascript:alert(1)",
    ],
)
def test_no_other_address_is(endpoint: str) -> None:
    assert not is_known(endpoint, HOSTS)


@pytest.mark.parametrize(
    "changed",
    [
        {"endpoint": ""},
        {"endpoint": "https://fcm.googleapis.com/" + "a" * 1000},
        {"endpoint": "https://fcm.googleapis.com/" + "a" * 10_000_000},
        {"p256dh": ""},
        {"p256dh": "B" * 87},
        {"p256dh": "not base64"},
        {"auth": ""},
        {"auth": "A" * 21},
        {"auth": "A" * 43},
    ],
)
def test_what_is_no_subscription_is_none(changed: dict[str, Any]) -> None:
    push = subscription(PushDevice("https://fcm.googleapis.com/abc"))
    assert is_subscription(push)
    assert not is_subscription(push._replace(**changed))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4001:80b::200a", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:10.1.2.3", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a01:203::1", False),
    ],
)
def test_an_address_at_home_is_known_also_where_it_stands_in_another(
    address: str, public: bool
) -> None:
    assert is_public(address) is public


def test_a_subscription_names_itself_in_no_line() -> None:
    push = subscription(PushDevice("https://fcm.googleapis.com/abc"))
    assert "abc" not in f"{push} {push!r} {[push]}"


# ---- What is sent, and what becomes of it -----------------------------------------------------


async def test_a_push_is_encrypted_for_its_browser_and_signed_for_its_service() -> None:
    async with push_service() as service, deadline("the push"):
        device, sender = service.device(), sender_to(service)
        assert await sender.send(subscription(device), PAYLOAD) is PushOutcome.SENT
        push = await service.arrived.get()
        assert b"Ana" not in push.body
        assert device.read(push) == json.loads(PAYLOAD)
        key, claims = claims_of(push)
        assert key == sender.keys.public_key
        assert claims["aud"] == service.origin
        assert claims["sub"] == SUBJECT
        assert 0 < claims["exp"] - time.time() <= 24 * 3600
        assert push.headers["content-encoding"] == "aes128gcm"
        assert 1800 - WAIT_S < int(push.headers["ttl"]) <= 1800, "less what passed meanwhile"
        assert {"cookie", "referer"}.isdisjoint(push.headers)
        # Another one is as long, whatever it says, and nobody else reads it.
        longer = json.dumps({"kind": "mention", "name": "Zeynep" * 20}).encode()
        assert await sender.send(subscription(device), longer) is PushOutcome.SENT
        assert len((await service.arrived.get()).body) == len(push.body)
        with pytest.raises(Exception, match="Decryption"):
            PushDevice(device.endpoint).opened(push)
        await sender.close()


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/201", PushOutcome.SENT),
        ("/410", PushOutcome.GONE),
        ("/404", PushOutcome.GONE),
        ("/500", PushOutcome.FAILED),
        ("/redirect", PushOutcome.FAILED),
        ("/large", PushOutcome.SENT),
        ("/hang", PushOutcome.FAILED),
    ],
)
async def test_whatever_a_service_does_costs_no_more_than_its_time(
    path: str, outcome: PushOutcome
) -> None:
    async with push_service() as service, deadline(path):
        sender = sender_to(service)
        push = subscription(service.device(path))
        sent = asyncio.create_task(sender.send(push, PAYLOAD))
        assert (await service.arrived.get()).path == path
        if path == "/hang":
            await LoopClock().pass_s(sending.TIMEOUT_S)
        assert await sent is outcome
        await sender.close()
        await service.closed.wait()
        assert bool(service.cut) == (path == "/large"), "it is read no further than its head"
        assert service.arrived.empty(), "nobody is led elsewhere"


async def test_one_connection_carries_the_pushes_to_a_service_until_the_sender_is_closed() -> None:
    async with push_service() as service, deadline("the pushes"):
        sender = sender_to(service)
        for path in ("/201", "/410", "/500", "/201"):
            await sender.send(subscription(service.device(path)), PAYLOAD)
        assert (service.arrived.qsize(), service.connections) == (4, 1)
        assert not service.closed.is_set()
        await sender.close()
        await service.closed.wait()
        assert await sender.send(subscription(service.device()), PAYLOAD) is PushOutcome.FAILED


async def test_the_connections_of_a_process_end_with_it(settings: Settings) -> None:
    async with push_service() as service, deadline("the push"):
        settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = new_private_key(), SUBJECT
        settings.PUSH_HOSTS = [service.origin]
        platform = Platform.build()
        assert platform.pushes
        await platform.pushes.send(subscription(service.device()), PAYLOAD)
        assert not service.closed.is_set()
        await platform.finish()
        await service.closed.wait()


async def test_a_connection_that_its_service_closed_costs_no_push() -> None:
    async with push_service() as service, deadline("the pushes"):
        sender = sender_to(service)
        assert await sender.send(subscription(service.device("/close")), PAYLOAD)
        await service.closed.wait()
        assert await sender.send(subscription(service.device()), PAYLOAD) is PushOutcome.SENT
        assert service.connections == 2
        await sender.close()


async def test_the_address_is_looked_at_again_for_each_new_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that stood for a public address, and then for one at home."""
    addresses = iter(["8.8.8.8", "127.0.0.1"])
    connected: list[str] = []

    async def resolved(host: str, port: int, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(addresses), port))]

    class NotedBackend(httpcore.AsyncMockBackend):
        async def connect_tcp(self, host: str, *given: Any, **named: Any) -> Any:
            connected.append(host)
            return await super().connect_tcp(host, *given, **named)

    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    network = PublicNetwork(HOSTS)
    network.backend = NotedBackend([answer])
    sender = PushSender(VapidKeys(new_private_key(), SUBJECT), HOSTS, 1800)
    sender.pool = httpcore.AsyncConnectionPool(network_backend=network)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    push = subscription(PushDevice("https://fcm.googleapis.com/abc"))
    assert await sender.send(push, PAYLOAD) is PushOutcome.SENT
    assert await sender.send(push, PAYLOAD) is PushOutcome.FAILED
    assert connected == ["8.8.8.8"]
    await sender.close()


async def test_a_known_name_that_stands_for_an_address_at_home_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def at_home(host: str, port: int, **options: Any) -> list[Any]:
        assert host == "fcm.googleapis.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(addresses), port))]

    addresses = iter(["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0"])

    sender = PushSender(VapidKeys(new_private_key(), SUBJECT), HOSTS, 1800)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", at_home)
    push = subscription(PushDevice("https://fcm.googleapis.com/abc"))
    connected: list[object] = []
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connected.append)
    for _ in range(5):
        assert await sender.send(push, PAYLOAD) is PushOutcome.FAILED
    assert not [*addresses]
    assert not connected


async def test_an_endpoint_whose_host_is_no_name_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolved(host: str, port: int, **options: Any) -> list[Any]:
        """As Python does it, at a resolver that knows nobody."""
        host.encode("idna")
        raise socket.gaierror

    sender = PushSender(VapidKeys(new_private_key(), SUBJECT), HOSTS, 1800)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    for name in ("a" * 64, "a.", "xn--a-", "xn--0000000", "-", "_a", "%2f", "%00", "a%"):
        push = subscription(PushDevice(f"https://{name}.push.apple.com/abc"))
        assert await sender.send(push, PAYLOAD) is PushOutcome.FAILED, name
    await sender.close()


async def test_a_push_that_has_no_turn_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.05)
    async with push_service() as service, deadline("the push"):
        sender = sender_to(service)
        for _ in range(CONNECTIONS):
            await sender.turns.acquire()
        assert await sender.send(subscription(service.device()), PAYLOAD) is PushOutcome.FAILED
        assert service.arrived.empty()
        await sender.close()


async def test_what_is_kept_and_no_longer_allowed_is_not_called() -> None:
    async with push_service() as service:
        sender = PushSender(VapidKeys(new_private_key(), SUBJECT), HOSTS, 1800)
        assert await sender.send(subscription(service.device()), PAYLOAD) is PushOutcome.FAILED
        assert service.arrived.empty()


# ---- What an operator sets --------------------------------------------------------------------


def test_the_command_prints_keys_that_the_settings_take(settings: Settings) -> None:
    printed = StringIO()
    call_command("vapid", stdout=printed)
    named = dict(line.split("=", 1) for line in printed.getvalue().split())
    assert vapid_private_key("VAPID_PRIVATE_KEY", named["VAPID_PRIVATE_KEY"])
    keys = VapidKeys(named["VAPID_PRIVATE_KEY"], SUBJECT)
    assert keys.public_key == named["public"]
    settings.VAPID_PRIVATE_KEY = named["VAPID_PRIVATE_KEY"]
    printed = StringIO()
    call_command("vapid", "--public", "--json", stdout=printed)
    assert json.loads(printed.getvalue()) == [{"public": named["public"]}]


@pytest.mark.parametrize("value", ["A" * 42, "A" * 44, "a secret", "+" * 43])
def test_a_key_that_is_none_is_refused_without_a_word_of_it(value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        vapid_private_key("VAPID_PRIVATE_KEY", value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("value", ["operator", "mailto:", "mailto:a@b", "http://example.org"])
def test_a_subject_that_no_service_can_write_to_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        vapid_subject("VAPID_SUBJECT", value)


@pytest.mark.parametrize(
    "value",
    [
        *("*", "*.com/", "https://*.example.org", "Example.org", "a b"),
        *(f"https://example.org:{port}" for port in (0, 65536, 99999, 100000)),
        *("https://a..b.org", f"https://{'a' * 255}.org", "example.org:443"),
    ],
)
def test_hosts_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        push_hosts("PUSH_HOSTS", [value])


def test_an_origin_may_have_any_port_there_is() -> None:
    origins = [f"http://127.0.0.1:{port}" for port in (1, 9000, 65535)]
    assert push_hosts("PUSH_HOSTS", origins) == origins
    named = push_hosts("PUSH_HOSTS", ["https://push.example.org:443", "http://push.example.org:80"])
    assert is_known("https://push.example.org/abc", named)
    assert is_known("http://push.example.org:80/abc", named)
