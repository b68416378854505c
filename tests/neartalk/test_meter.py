"""An allowance in the memory of the process: exactly its rule, by a clock that nobody sets."""

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES, Meter, Meters, Rules
from tests.support.clocks import ManualClock

RULE = "socket.frame"
LIMIT = RULES[RULE]


def allowed(meter: Meter, tries: int, units: int = 1) -> int:
    return sum(not meter.spend(units) for _ in range(tries))


def test_the_burst_passes_at_once_and_then_the_allowance() -> None:
    clock = ManualClock()
    meter = Meter(Rules(), RULE, clock)
    assert allowed(meter, 1000) == LIMIT.burst
    clock.now_ms += LIMIT.period_s * 1000
    assert allowed(meter, 1000) == LIMIT.burst
    passed = 0
    for _ in range(LIMIT.period_s * 100):
        clock.now_ms += 10
        passed += allowed(meter, 1)
    assert passed == pytest.approx(LIMIT.allowance, abs=1)


def test_what_is_larger_counts_for_more_and_never_for_ever() -> None:
    meter = Meter(Rules(), RULE, ManualClock())
    assert allowed(meter, 1000, units=5) == LIMIT.burst // 5
    one = Meter(Rules(), RULE, ManualClock())
    assert one.spend(100 * LIMIT.burst) == 0, "more than the burst passes once"
    assert allowed(one, 10) <= 1, "and spends all of it"


def test_a_refusal_says_which_rule_and_when() -> None:
    clock = ManualClock()
    meters = Meters(Rules(), "session.call", clock)
    for _ in range(RULES["session.call"].burst):
        meters.allow(b"one", "too-many-calls")
    with pytest.raises(Refused) as refused:
        meters.allow(b"one", "too-many-calls")
    assert (refused.value.rule, refused.value.retry_after) == ("session.call", 1)
    meters.allow(b"another", "too-many-calls")


def test_subjects_that_have_all_their_allowance_again_are_forgotten() -> None:
    clock = ManualClock()
    meters = Meters(Rules(), "session.call", clock)
    for turn in range(10_000):
        clock.now_ms += 10
        meters.allow(b"%d" % turn, "too-many-calls")
    assert len(meters.meters) < 2_500


def test_the_table_of_subjects_is_looked_through_only_when_it_has_doubled() -> None:
    meters = Meters(Rules(), "session.call", ManualClock())
    tables = [meters.meters]
    for turn in range(5_000):
        meters.allow(b"%d" % turn, "too-many-calls")
        if meters.meters is not tables[-1]:
            tables.append(meters.meters)
    # At 1,000, 2,000 and 4,000.
    assert len(tables) == 1 + 3
