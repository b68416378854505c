"""How a change of a tile travels between processes, through the tile's group."""

from dataclasses import asdict
from typing import Any

from presence.geo import Roughness
from presence.values import Person, TileEvent


def to_event(event: TileEvent) -> dict[str, Any]:
    person = asdict(event.person)
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
    person = Person(**{**fields, "roughness": Roughness(fields.get("roughness", "block"))})
    return TileEvent(event["tile"], event["version"], event["here"], person)
