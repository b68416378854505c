"""A caller as JSON fields: in Redis, and in hints between processes."""

from dataclasses import asdict
from typing import Any

from presence.geo import Roughness
from presence.values import field_names, place_of
from voice.callers.contract import Caller, Tie

TIES = frozenset(Tie)


def to_fields(caller: Caller) -> dict[str, Any]:
    place = caller.place
    # The release before reads a place of two parts.
    parts = place.circle if place.roughness == Roughness.BLOCK else place
    return {**asdict(caller), "place": [*parts], "hidden": sorted(caller.hidden)}


def from_fields(fields: dict[str, Any]) -> Caller:
    """What a newer release adds is left out, and so is a tie of a kind that it alone knows."""
    known = {name: one for name, one in fields.items() if name in field_names(Caller)}
    ties = {other: Tie(tie) for other, tie in fields["ties"].items() if tie in TIES}
    place, hidden = place_of(fields["place"]), frozenset(fields["hidden"])
    return Caller(**{**known, "place": place, "ties": ties, "hidden": hidden})
