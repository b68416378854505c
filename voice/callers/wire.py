"""A caller as JSON fields: in Redis, and in hints between processes."""

from dataclasses import asdict
from typing import Any

from presence.geo import Roughness
from presence.values import place_of
from voice.callers.contract import Caller, Tie


def to_fields(caller: Caller) -> dict[str, Any]:
    place = caller.place
    # The release before reads a place of two parts.
    parts = place.circle if place.roughness == Roughness.BLOCK else place
    return {**asdict(caller), "place": [*parts], "hidden": sorted(caller.hidden)}


def from_fields(fields: dict[str, Any]) -> Caller:
    ties = {other: Tie(tie) for other, tie in fields["ties"].items()}
    place, hidden = place_of(fields["place"]), frozenset(fields["hidden"])
    return Caller(**{**fields, "place": place, "ties": ties, "hidden": hidden})
