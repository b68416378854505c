"""A caller as JSON fields: in Redis, and in hints between processes."""

from dataclasses import asdict
from typing import Any

from presence.geo import Cell, Roughness
from presence.values import Place
from voice.callers.contract import Caller, Tie


def to_fields(caller: Caller) -> dict[str, Any]:
    return {**asdict(caller), "hidden": sorted(caller.hidden)}


def from_fields(fields: dict[str, Any]) -> Caller:
    ties = {other: Tie(tie) for other, tie in fields["ties"].items()}
    place, hidden = place_of(*fields["place"]), frozenset(fields["hidden"])
    return Caller(**{**fields, "place": place, "ties": ties, "hidden": hidden})


def place_of(cell: Cell, radius_m: int, roughness: str = Roughness.BLOCK) -> Place:
    """A caller that the release before wrote has no roughness."""
    return Place(cell, radius_m, Roughness(roughness))
