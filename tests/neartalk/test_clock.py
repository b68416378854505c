"""Clocks that are set: what ends, and what a store's clock is taken for."""

import time

import pytest

from neartalk.clock import APART_MS, StoreClock, lasts, steady_ms
from tests.support.clocks import START_MS, ManualClock

TEN_MINUTES_MS = 600_000


def test_what_ends_later_than_it_may_last_is_of_a_clock_that_was_set_back() -> None:
    end = START_MS + 60_000
    assert lasts(end, START_MS, 60_000)
    assert not lasts(end, end, 60_000)
    assert lasts(end, START_MS - APART_MS, 60_000)
    assert not lasts(end, START_MS - TEN_MINUTES_MS, 60_000)
    assert not lasts(0, START_MS, 60_000)


def test_a_clock_that_cannot_be_set_goes_on_though_the_other_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = steady_ms()
    wall = time.time_ns()
    assert abs(before - wall // 1_000_000) < TEN_MINUTES_MS
    monkeypatch.setattr(time, "time_ns", lambda: wall - TEN_MINUTES_MS * 1_000_000)
    assert before <= steady_ms() < before + TEN_MINUTES_MS


@pytest.mark.parametrize("set_ms", [-TEN_MINUTES_MS, TEN_MINUTES_MS])
def test_a_store_s_clock_that_was_set_is_believed_at_once_and_told(set_ms: int) -> None:
    own = ManualClock()
    clock = StoreClock(own)
    clock.observe(own.now_ms, START_MS + 100)
    assert clock.observe(own.now_ms, START_MS + 100) == 0
    own.now_ms += 2_000
    assert clock.observe(own.now_ms, START_MS + 2_100 + set_ms) == set_ms
    assert clock.now_ms() == START_MS + 2_100 + set_ms
    assert clock.observe(own.now_ms, START_MS + 2_100 + set_ms) == 0
