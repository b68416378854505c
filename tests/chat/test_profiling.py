"""manage.py profile: every step of a message is timed once, and all of them together are all."""

import json
from io import StringIO
from time import perf_counter

import pytest
from django.core.management import CommandError, call_command

from chat.profiling.profile import STEPS
from chat.profiling.stopwatch import Stopwatch


def run(**options: object) -> str:
    out = StringIO()
    call_command("profile", stdout=out, **options)
    return out.getvalue()


def test_every_step_of_every_message_is_timed() -> None:
    start_s = perf_counter()
    found = json.loads(run(people=10, messages=12, rate=1000.0, json=True))
    took_s = perf_counter() - start_s
    assert found["deliveries"] == 120
    assert found["seconds"].keys() == {step for step, _, _ in STEPS}
    assert all(seconds > 0 for seconds in found["seconds"].values())
    assert sum(found["seconds"].values()) < took_s


def test_the_table_names_each_step_with_its_share() -> None:
    lines = run(people=12, cells=12, messages=12, rate=1000.0).splitlines()
    assert lines[0].startswith("12 people in 12 cells: 12 messages, ")
    names = [step for step, _, _ in STEPS]
    assert [line[:32].strip() for line in lines[2:-1]] == [*dict.fromkeys(names)]
    assert lines[-1].startswith("in all")
    assert lines[-1].endswith("100.0%")


def test_a_step_is_timed_without_the_steps_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1.0, 4.0, 10.0])
    monkeypatch.setattr("chat.profiling.stopwatch.perf_counter", lambda: next(ticks))
    watch = Stopwatch()
    with watch.measure("outer"), watch.measure("inner"):
        pass
    assert watch.seconds["inner"] == 3
    assert watch.seconds["outer"] == 7


@pytest.mark.parametrize(
    "wrong", [{"people": 0}, {"rate": 0.0}, {"cells": -1}, {"people": 2, "messages": 100}]
)
def test_what_cannot_be_measured_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        run(**wrong)
