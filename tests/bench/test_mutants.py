"""Mutations are real changes of what runs, and nothing else is changed."""

from __future__ import annotations

from ast import dump, parse

import pytest

from bench.mutants import Mutant, Outcome, choose, modules, table
from bench.mutations import Mutation, mutations
from tests.support.servers import ROOT

SOURCE = '''"""Words."""
LIMIT = 3


def at_most(names: list[str], limit: int | None = 1) -> bool:
    """More words."""
    log.info("counted", 5)
    if not names and "é" != names:
        raise ValueError
    seen.add(names)
    return len(names) <= min(limit, 7)
'''


def test_every_kind_of_change_is_made_in_the_body_of_a_function() -> None:
    changed = {
        after.strip()
        for mutation in mutations(SOURCE)
        for before, after in zip(
            SOURCE.splitlines(), mutation.applied(SOURCE).splitlines(), strict=True
        )
        if before != after
    }
    assert changed == {
        'if (not (not names and "é" != names)):',
        'if not names or "é" != names:',
        'if names and "é" != names:',
        'if not names and "é" == names:',
        "pass",
        "return None",
        "return len(names) < min(limit, 7)",
        "return len(names) <= max(limit, 7)",
        "return len(names) <= min(limit, 8)",
    }


def test_a_mutation_names_its_line() -> None:
    assert {mutation.line for mutation in mutations(SOURCE)} == {8, 9, 10, 11}


def test_of_an_expression_over_several_lines_it_names_the_one_that_is_changed() -> None:
    source = "def named(names):\n    for name in [\n        name\n        for name in names\n"
    source += "        if name\n    ]:\n        seen(name)\n"
    assert {mutation.line for mutation in mutations(source)} == {5, 7}


def test_a_seed_chooses_the_same_mutants_again() -> None:
    named = modules(["presence/geo/cells.py", "presence/hub/departures.py"])
    assert choose(named, 3, 20) == choose(named, 3, 20) != choose(named, 4, 20)


def test_what_serves_people_is_changed_and_commands_are_not() -> None:
    named = modules([])
    assert {"presence/geo/cells.py", "chat/feed/timeline.py", "voice/mesh.py"} <= set(named)
    assert not [name for name in named if "management" in name or "migrations" in name]


def test_the_table_counts_by_app() -> None:
    outcomes = [
        Outcome(Mutant(module, Mutation(1, 0, 0, "", "")), caught=caught, tests=1)
        for module, caught in [("chat/spam.py", True), ("chat/x.py", False), ("voice/x.py", True)]
    ]
    assert table(outcomes).splitlines()[2:] == [
        "| neartalk | 0 | 0 | 0 |",
        "| presence | 0 | 0 | 0 |",
        "| chat | 2 | 1 | 1 |",
        "| voice | 1 | 1 | 0 |",
        "| all | 3 | 2 | 1 |",
    ]


@pytest.mark.parametrize("name", ["neartalk", "presence", "chat", "voice"])
def test_no_mutation_of_the_product_is_the_source_as_it_was(name: str) -> None:
    for mutant in choose(modules([name]), 1, 20):
        source = (ROOT / mutant.module).read_text()
        assert dump(parse(source)) != dump(parse(mutant.mutation.applied(source))), mutant
