"""How a change of a tile travels between processes, through the tile's group."""

from dataclasses import asdict
from typing import Any

from presence.geo import Roughness
from presence.values import Person, TileEvent


def to_event(event: TileEvent) -> dict[str, Any]:
    return {
        "tile": event.tile,
        "version": event.version,
        "here": event.here,
        "person": asdict(event.person),
    }


def event_of(event: dict[str, Any]) -> TileEvent:
    fields = event["person"]
    person = Person(**{**fields, "roughness": Roughness(fields.get("roughness", "block"))})
    return TileEvent(event["tile"], event["version"], event["here"], person)
