"""What any page names is there: commands, links, files, the tests of promises, and figures."""

from __future__ import annotations

import re
from functools import cache

import pytest
from django.core.management import get_commands

from tests.support.docs import cells_of, page, pages, prose, read, rows, spans
from tests.support.servers import ROOT


def test_every_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    text = "\n".join(map(page, pages()))
    named = "\n".join([*spans(text), *re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)])
    made = set(re.findall(r"\bmake ([a-z-]+)", named))
    assert {"run", "test"} <= made <= targets
    assert set(re.findall(r"manage\.py ([a-z]+)", named)) <= get_commands().keys()


@pytest.mark.parametrize("name", pages())
def test_every_link_and_every_file_that_is_named_exists(name: str) -> None:
    linked = re.findall(r"\]\(([^)\s]+)\)", prose(name))
    assert [link for link in linked if not re.match(r"\w+:", link) and not leads(name, link)] == []
    named = re.findall(r"\b(?:tests|bench|docs|deploy)/[\w/-]+\.\w+", page(name))
    assert [path for path in named if not (ROOT / path).exists()] == []


def leads(name: str, link: str) -> bool:
    """Whether a link of a page leads to a file, and in it to a heading."""
    path, _, anchor = link.partition("#")
    target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
    return target.exists() and (
        not anchor or anchor in anchors(target.relative_to(ROOT).as_posix())
    )


@cache
def anchors(name: str) -> set[str]:
    """What the headings of a page are called in links: as GitHub does it."""
    heads = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_test_that_shows_a_promise_exists() -> None:
    for _, shown in rows("# Promises, and the test that shows each"):
        named = spans(shown)
        assert named, shown
        for path, _, test in (name.partition("::") for name in named):
            assert (ROOT / path).exists()
            assert f"def {test}(" in read(ROOT / path) or not test, f"{path} has no {test}"


def test_the_costs_in_the_readme_are_those_of_the_last_bench() -> None:
    told = cells_of(page("README.md").partition("## What it costs")[2])
    results = page("bench/RESULTS.md")
    measured = cells_of(results.partition("listeners in one cell\n")[2])
    (rates,) = {*re.findall(r"^\| server \| (.*/s) \|$", results, re.MULTILINE)}
    at_10, at_100 = (rates.split(" | ").index(rate) for rate in ("10/s", "100/s"))
    for server, *costs in told:
        cpu, latency, memory = [cells[1:] for cells in measured if cells[0] == server][:3]
        by_rate = cpu[at_10].split()[0], cpu[at_100].split()[0], latency[at_100].split()[-1]
        found = [*by_rate, memory[0]]
        assert costs == [cost.replace("-", "saturated") for cost in found]
    assert len(told) == 4
