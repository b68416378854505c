"""A caller as JSON fields: in Redis, and in hints between processes."""

from dataclasses import asdict
from typing import Any

from presence.geo import Roughness
from presence.values import place_of
from voice.callers.contract import Caller, DoorState, Tie

# The release before reads no field that it does not know. So a door stands among the people who are
# hidden, where it finds nobody of that name.
DOORS = {f"door {door}": door for door in DoorState if door is not DoorState.ASK}


def to_fields(caller: Caller) -> dict[str, Any]:
    fields, place = asdict(caller), caller.place
    door = fields.pop("door")
    # The release before reads a place of two parts.
    parts = place.circle if place.roughness == Roughness.BLOCK else place
    hidden = caller.hidden | {mark for mark, each in DOORS.items() if each is door}
    return {**fields, "place": [*parts], "hidden": sorted(hidden)}


def from_fields(fields: dict[str, Any]) -> Caller:
    ties = {other: Tie(tie) for other, tie in fields["ties"].items()}
    place, hidden = place_of(fields["place"]), frozenset(fields["hidden"])
    door = next((door for mark, door in DOORS.items() if mark in hidden), DoorState.ASK)
    kept = {"place": place, "ties": ties, "hidden": hidden - DOORS.keys(), "door": door}
    return Caller(**{**fields, **kept})
