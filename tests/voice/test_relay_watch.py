"""What a process knows of its relay: asked at most once a minute, and nobody waits for it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from neartalk.background import Background
from voice.relay_watch import EVERY_MS, RelayWatch, lends

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.support.turn import Turn

UDP, TLS = "turn:relay.example?transport=udp", "turns:relay.example"


class Asked:
    """A relay that works by the addresses in `well`, and a clock."""

    def __init__(self, *well: str) -> None:
        self.well = {*well}
        self.urls: list[str] = []
        self.now_ms = 0
        self.background = Background()
        self.watch = RelayWatch(self.background, lends=self.lends, now_ms=lambda: self.now_ms)

    def lends(self, url: str) -> bool:
        self.urls.append(url)
        return url in self.well

    async def ask(self) -> bool:
        self.watch.ask_soon()
        await self.background.settle()
        return self.watch.works


@pytest.fixture
def _set(settings: Settings) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = [UDP, TLS], "secret"


@pytest.mark.usefixtures("_set")
async def test_a_relay_works_until_it_was_asked_and_then_if_any_address_of_it_does() -> None:
    asked = Asked(TLS)
    assert asked.watch.works
    assert await asked.ask()
    assert asked.urls == [UDP, TLS]
    asked.well.clear()
    asked.now_ms += EVERY_MS
    assert not await asked.ask()
    asked.well.add(UDP)
    asked.now_ms += EVERY_MS
    assert await asked.ask()
    assert asked.urls == [UDP, TLS, UDP, TLS, UDP]


@pytest.mark.usefixtures("_set")
async def test_a_relay_is_asked_once_a_minute_however_many_people_ask() -> None:
    asked = Asked()
    for _ in range(100):
        await asked.ask()
        asked.now_ms += EVERY_MS // 100 - 1
    assert asked.urls == [UDP, TLS]


async def test_a_relay_that_is_not_set_is_none_and_is_not_asked(settings: Settings) -> None:
    settings.TURN_URLS, settings.TURN_SECRET = [], ""
    asked = Asked(UDP)
    assert not await asked.ask()
    assert asked.urls == []


def test_a_relay_that_lends_what_nobody_is_told_of_or_answers_no_more_works_not(
    turn: Callable[..., Turn], settings: Settings
) -> None:
    relay = turn()
    settings.TURN_SECRET, settings.VOICE_NETWORKS = relay.secret, []
    assert not lends(relay.url)
    settings.VOICE_NETWORKS = [ip_network("127.0.0.1/32")]
    assert lends(relay.url)
    settings.TURN_SECRET = "another"
    assert not lends(relay.url)
    settings.TURN_SECRET = relay.secret
    relay.stop()
    assert not lends(relay.url)
    assert not lends("no address")
