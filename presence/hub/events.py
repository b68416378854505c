"""How a change of a tile travels between processes, through the tile's group."""

from dataclasses import asdict
from typing import Any

from presence.door_holder import packed, unpacked
from presence.geo import Roughness
from presence.values import Person, TileEvent


def to_event(event: TileEvent) -> dict[str, Any]:
    person = asdict(event.person)
    person["until_ms"] = packed(person["until_ms"], person.pop("door"))
    if not event.person.lingers:
        # Processes of the release before know nobody who does, nor areas.
        del person["lingers"]
    if event.person.roughness == Roughness.BLOCK:
        del person["roughness"]
    return {
        "tile": event.tile,
        "version": event.version,
        "here": event.here,
        "person": person,
    }


def event_of(event: dict[str, Any]) -> TileEvent:
    fields = event["person"]
    until_ms, door = unpacked(fields["process"], fields["until_ms"])
    roughness = Roughness(fields.get("roughness", "block"))
    person = Person(**{**fields, "roughness": roughness, "until_ms": until_ms, "door": door})
    return TileEvent(event["tile"], event["version"], event["here"], person)
