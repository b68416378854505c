"""A challenge: right once solved, for its network and in its time; nothing else is."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from hypothesis import given
from hypothesis import strategies as st

from neartalk.codes import Refused
from neartalk.limits import (
    LIFE_MS,
    RULES,
    TOTAL_MAX_MS,
    life_of,
    new_challenge,
    read_solution,
)
from neartalk.limits.challenge import SOLUTION_MAX, TRIES_S

HERE = "digest-of-here"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def solved(price_ms: int = 1, origin: str = HERE) -> dict[str, Any]:
    """A challenge with its solution, as fields."""
    challenge = Challenge.from_dict(new_challenge(price_ms, origin, now_ms()))
    found = solve_challenge(challenge)
    assert found
    return Payload(challenge, found).to_dict()


def packed(fields: object) -> str:
    return base64.b64encode(json.dumps(fields).encode()).decode()


def code_of(solution: str, origin: str = HERE, at_ms: int | None = None) -> str:
    try:
        read_solution(solution, origin, at_ms or now_ms())
    except Refused as refused:
        return refused.code
    return ""


def test_what_is_solved_is_worth_its_price() -> None:
    fields = solved(3)
    paid = read_solution(packed(fields), HERE, now_ms())
    assert paid.price_ms == 3
    assert paid.nonce == fields["challenge"]["parameters"]["nonce"]


@pytest.mark.parametrize("price_ms", [1, 7, 1000])
def test_it_takes_as_many_tries_as_the_price_says_on_average(price_ms: int) -> None:
    """At most twice that: the answer lies anywhere up to there."""
    data = new_challenge(price_ms, HERE, now_ms())["parameters"]["data"]
    assert data == {"most": max(1, 2 * price_ms * TRIES_S // 1000), "price_ms": price_ms}


def test_it_holds_for_its_network_and_does_not_name_it() -> None:
    fields = solved()
    assert code_of(packed(fields), "digest-of-elsewhere") == "work-wrong"
    assert code_of(packed(fields), "") == "work-wrong"
    assert HERE not in json.dumps(fields)


def test_two_are_never_the_same() -> None:
    made = [new_challenge(5, HERE, now_ms()) for _ in range(20)]
    assert len({one["parameters"]["nonce"] for one in made}) == 20


def test_it_lasts_two_minutes_and_not_longer_where_the_clock_was_set_back() -> None:
    solution = packed(solved())
    at_ms = now_ms()
    assert code_of(solution, at_ms=at_ms + LIFE_MS - 2000) == ""
    assert code_of(solution, at_ms=at_ms + LIFE_MS + 1000) == "work-late"
    assert code_of(solution, at_ms=at_ms - LIFE_MS) == "work-late"


PRICES_MS = sorted({1, TOTAL_MAX_MS, *(rule.price_ms for rule in RULES.values())} - {0})


@pytest.mark.parametrize("price_ms", PRICES_MS)
def test_it_lives_as_long_as_a_phone_four_times_slower_needs_for_the_most_tries(
    price_ms: int,
) -> None:
    """On one core, whatever it costs; and two minutes where that is more."""
    at_ms = now_ms()
    parameters = new_challenge(price_ms, HERE, at_ms)["parameters"]
    life_s = parameters["expiresAt"] - at_ms // 1000
    assert life_s >= max(119, 4 * parameters["data"]["most"] / TRIES_S)
    assert life_of(price_ms) == LIFE_MS or price_ms > 11_000


def test_what_cost_a_minute_counts_as_long_as_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda most: 3)
    price_ms = 60_000
    at_ms = now_ms()
    challenge = Challenge.from_dict(new_challenge(price_ms, HERE, at_ms - life_of(price_ms) // 2))
    found = solve_challenge(challenge)
    assert found
    solution = Payload(challenge, found).to_base64()
    assert code_of(solution, at_ms=at_ms) == ""
    assert code_of(solution, at_ms=at_ms + life_of(price_ms) // 2 + 1000) == "work-late"


def test_one_that_was_over_when_it_came_is_late() -> None:
    challenge = Challenge.from_dict(new_challenge(1, HERE, now_ms() - LIFE_MS - 2000))
    found = solve_challenge(challenge)
    assert found
    assert code_of(Payload(challenge, found).to_base64()) == "work-late"


def test_nothing_in_it_can_be_changed() -> None:
    fields = solved(2)
    for name, value in fields["challenge"]["parameters"].items():
        other: object = (
            value + 1 if isinstance(value, int) else "00" if isinstance(value, str) else {}
        )
        changed = {**fields["challenge"]["parameters"], name: other}
        sent = {**fields, "challenge": {**fields["challenge"], "parameters": changed}}
        assert code_of(packed(sent)) in {"work-wrong", "work-late"}, name
    wrong_answer = {**fields["solution"], "derivedKey": "00" * 32}
    assert code_of(packed({**fields, "solution": wrong_answer})) == "work-wrong"


def test_a_solution_of_another_challenge_is_wrong() -> None:
    one, other = solved(), solved()
    assert code_of(packed({**one, "solution": other["solution"]})) == "work-wrong"


BAD: list[object] = [
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "0",
    "🙂",
    "\ud800",
    [],
    {},
    [[]],
    {"__proto__": 1},
    "9" * 99,
]


@pytest.mark.parametrize("bad", BAD)
def test_any_field_of_another_kind_is_wrong(bad: object) -> None:
    fields = solved()
    challenge, parameters = fields["challenge"], fields["challenge"]["parameters"]
    assert code_of(packed(bad)) == "work-wrong"
    for name in fields:
        assert code_of(packed({**fields, name: bad})) == "work-wrong"
    assert code_of(packed({**fields, "challenge": {**challenge, "signature": bad}})) == "work-wrong"
    answer = {**fields["solution"], "derivedKey": bad}
    assert code_of(packed({**fields, "solution": answer})) == "work-wrong"
    for name in parameters:
        sent = {**challenge, "parameters": {**parameters, name: bad}}
        assert code_of(packed({**fields, "challenge": sent})) in {"work-wrong", "work-late"}, name


@given(st.text(max_size=300))
def test_any_text_is_wrong(text: str) -> None:
    assert code_of(text) == "work-wrong"


@given(st.binary(max_size=300))
def test_any_bytes_are_wrong(data: bytes) -> None:
    assert code_of(base64.b64encode(data).decode()) == "work-wrong"


@pytest.mark.parametrize(
    "text", ["[" * 1400, packed("x" * SOLUTION_MAX), "eyJjaGFsbGVuZ2UiOnt9fQ", "é" * 40, "\x00"]
)
def test_what_is_cut_nested_or_too_long_is_wrong(text: str) -> None:
    assert code_of(text) == "work-wrong"
    assert code_of(base64.b64encode(text.encode()).decode()) == "work-wrong"
