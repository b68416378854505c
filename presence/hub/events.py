"""How a change of a tile travels between processes, through the tile's group."""

from dataclasses import asdict
from typing import Any

from presence.door_holder import packed, unpacked
from presence.geo import Roughness
from presence.values import Person, TileEvent, field_names


def to_event(event: TileEvent) -> dict[str, Any]:
    person = asdict(event.person)
    person["until_ms"] = packed(person["until_ms"], person.pop("door"))
    if not event.person.lingers:
        # Processes of the release before know nobody who does, nor areas.
        del person["lingers"]
    if not event.person.reachable:
        del person["reachable"]
    if event.person.roughness == Roughness.BLOCK:
        del person["roughness"]
    return {
        "tile": event.tile,
        "version": event.version,
        "here": event.here,
        "person": person,
    }


def event_of(event: dict[str, Any]) -> TileEvent:
    known = {name: one for name, one in event["person"].items() if name in field_names(Person)}
    until_ms, door = unpacked(known["process"], known["until_ms"])
    roughness = Roughness.kept(known.get("roughness"))
    person = Person(**{**known, "roughness": roughness, "until_ms": until_ms, "door": door})
    return TileEvent(event["tile"], event["version"], event["here"], person)
