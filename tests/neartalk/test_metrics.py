"""Who may read how a process fares, and what is counted and timed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from prometheus_client import generate_latest

from neartalk.asgi import build
from neartalk.codes import Refused
from neartalk.http import metrics
from neartalk.instruments import Instruments
from neartalk.parts import Platform
from neartalk.server.lag import INTERVAL_S, Lag
from tests.support.process_client import ProcessRequests
from tests.support.processes import LoopClock

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

INSTRUMENTS = Instruments()
TOKEN = "a-token-of-the-tests"


async def answer(peer: str = "127.0.0.1", **headers: str) -> HttpResponse:
    request = ProcessRequests(build()).get("/metrics")
    given = {"host": "127.0.0.1:8080", **headers}
    request.META |= {f"HTTP_{name.upper()}": value for name, value in given.items()}
    request.META["REMOTE_ADDR"] = peer
    return await metrics.scrape(request)


async def status(peer: str = "127.0.0.1", **headers: str) -> int:
    return (await answer(peer, **headers)).status_code


# ---- Who may read ----------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_reads(peer: str) -> None:
    assert await status(peer) == 200


@pytest.mark.parametrize("peer", ["10.1.2.3", "172.17.0.1", "203.0.113.7", "2001:db8::1", ""])
async def test_nobody_else_does(peer: str) -> None:
    assert await status(peer) == 404


@pytest.mark.parametrize("name", ["x_forwarded_for", "x_real_ip", "forwarded", "via"])
@pytest.mark.parametrize("value", ["203.0.113.7", "127.0.0.1", ""])
async def test_nobody_does_through_a_proxy_on_this_machine(name: str, value: str) -> None:
    assert await status(**{name: value}) == 404


@pytest.mark.parametrize("host", ["example.org", "evil.example:8080", "", "127.0.0.1.evil.example"])
async def test_nobody_does_by_a_name_that_leads_here(host: str) -> None:
    assert await status(host=host) == 404


async def test_with_a_token_whoever_knows_it_reads_from_anywhere(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert await status("10.1.2.3", authorization=f"Bearer {TOKEN}", host="10.9.9.9") == 200
    assert await status("10.1.2.3", authorization=f"Bearer {TOKEN}", via="1.1 proxy") == 200


@pytest.mark.parametrize("given", ["", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "é"])
async def test_with_a_token_nobody_reads_without_it(settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert await status(authorization=given) == 404


async def test_what_is_read_is_kept_by_no_cache() -> None:
    read = await answer()
    assert read["Content-Type"].startswith("text/plain")
    assert "no-store" in read["Cache-Control"]


# ---- What is counted and timed ---------------------------------------------------------------


class TimedStore:
    async def ask(self, what: str) -> str:
        if what == "away":
            raise Refused("store-unavailable")
        if what == "fast":
            raise Refused("too-fast")
        return what

    async def _step(self) -> None: ...

    def quick(self) -> int:
        return 1


def sample(name: str, **labels: str) -> float:
    return INSTRUMENTS.registry.get_sample_value(name, labels) or 0.0


async def test_each_call_of_a_store_is_timed_and_one_without_an_answer_counted() -> None:
    store = INSTRUMENTS.timed(TimedStore(), "test")
    assert await store.ask("yes") == "yes"
    for code in ("away", "fast"):
        with pytest.raises(Refused):
            await store.ask(code)
    assert sample("neartalk_store_seconds_count", store="test", operation="ask") == 3
    assert INSTRUMENTS.unavailable == {("test",): 1}
    assert store.quick() == 1
    text = generate_latest(INSTRUMENTS.registry).decode()
    assert 'operation="quick"' not in text
    assert 'operation="_step"' not in text


async def test_operations_keep_the_names_that_dashboards_know() -> None:
    state = build()
    told = generate_latest(metrics.Exposition(state)).decode()
    known = {("allowances", "take"), ("registry", "pulse"), ("registry", "bury")}
    assert {pair for pair in known if f'operation="{pair[1]}",store="{pair[0]}"' in told} == known


async def test_a_refusal_is_counted_by_code_and_rule() -> None:
    state = build()
    platform: Platform = state["neartalk"]
    platform.instruments.count_refusal(Refused("too-fast", rule="chat.send"))
    told = generate_latest(metrics.Exposition(state)).decode()
    assert 'neartalk_refusals_total{code="too-fast",rule="chat.send"} 1.0' in told


async def test_how_late_the_loop_is_is_looked_at_twice_a_second() -> None:
    time, count = LoopClock(), "neartalk_loop_lag_seconds_count"
    late_s = "neartalk_loop_lag_seconds_sum"
    before, before_s, lag = sample(count), sample(late_s), Lag(INSTRUMENTS)
    lag.start()
    lag.start()
    for looks in range(1, 4):
        await time.pass_s(INTERVAL_S + 0.25)
        assert sample(count) == before + looks
        assert sample(late_s) == pytest.approx(before_s + 0.25 * looks)
    assert lag.timer
    lag.timer.cancel()
