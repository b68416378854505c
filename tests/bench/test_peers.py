"""The servers beside which NearTalk is measured: how they are spoken with, or named as missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import kit
from bench.cases import CASES
from bench.stacks import NATS, STACKS

if TYPE_CHECKING:
    import pytest


def test_nats_is_told_the_length_of_what_is_said() -> None:
    head, _, said = NATS.message.replace("%t", "0" * 16).partition("\r\n")
    assert said.endswith("\r\n")
    assert head == f"PUB room {len(said) - 2}"


def test_a_peer_that_cannot_be_had_is_named_and_the_others_are_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = []

    def refuse() -> None:
        raise kit.Missing("no package of that name")

    monkeypatch.setattr(kit, "build_load", lambda: None)
    monkeypatch.setattr(kit, "BUILDS", {"nats": refuse, "go": lambda: built.append("go")})
    assert kit.prepare() == {"nats": "no package of that name"}
    assert built == ["go"]


def test_every_family_that_may_be_missing_is_one_of_a_stack_that_is_measured() -> None:
    measured = {STACKS[stack].family for case in CASES.values() for stack in case.stacks}
    assert measured - {""} == kit.BUILDS.keys()
