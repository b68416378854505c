"""docs/operators.md says what the code does: settings, checks, limits and prices."""

from __future__ import annotations

import ast
import re
from itertools import chain

from neartalk.limits import RULES
from tests.support.docs import calls, modules, read, rows, spans
from tests.support.servers import ROOT
from tests.support.settings_table import settings_read

PERIODS_S = {"minute": 60, "10 minutes": 600, "hour": 3600}


# ---- Settings ------------------------------------------------------------------------------------


def test_every_setting_stands_in_the_table_with_its_default_and_no_other() -> None:
    told = {spans(name)[0]: default for name, default, _ in rows("## Settings")}
    assert told == settings_read()


def test_only_settings_read_the_environment() -> None:
    asked = re.compile(r"environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|getenv")
    readers = {path.relative_to(ROOT).as_posix() for path in modules() if asked.search(read(path))}
    assert readers == {"neartalk/settings.py", "neartalk/environment/variables.py"}


# ---- System checks -------------------------------------------------------------------------------


def checks_given() -> set[tuple[str, str]]:
    """Id and words of every system check; the letter of the id says how bad it is."""
    found = set()
    paths = ROOT / "neartalk/checks.py", ROOT / "neartalk/redis_checks.py"
    for name, call in chain.from_iterable(map(calls, paths)):
        match name, call.args:
            case "Error" | "Warning", [ast.Constant(value=str(text))]:
                given = {one.arg: one.value for one in call.keywords}["id"]
                assert isinstance(given, ast.Constant)
                assert str(given.value).startswith(f"neartalk.{name[0]}")
                found.add((str(given.value), text))
    return found


def test_every_system_check_stands_in_the_table_and_no_other() -> None:
    told = {(spans(check)[0], says) for check, says in rows("## System checks")}
    assert told == checks_given()


# ---- Limits --------------------------------------------------------------------------------------


def test_every_rule_of_limits_stands_in_the_table_as_it_is_by_default_and_no_other() -> None:
    told: dict[str, tuple[int, int, int]] = {}
    for names, bursts, then, _ in rows("## Limits"):
        allowances, period = re.split(" (?:a|an|in) ", then)
        for name, burst, allowance in zip(
            spans(names), bursts.split(", "), allowances.split(", "), strict=True
        ):
            told[name] = int(burst), int(allowance), PERIODS_S[period]
    assert told == {name: (one.burst, one.allowance, one.period_s) for name, one in RULES.items()}


def test_every_price_stands_in_the_table_as_it_is_by_default_and_no_other() -> None:
    told = {spans(name)[0]: int(price) for name, price in rows("### What a session costs")}
    assert told == {name: one.price_ms for name, one in RULES.items() if one.price_ms}
