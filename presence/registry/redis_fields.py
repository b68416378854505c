"""How sessions, people and tiles stand in Redis: keys, scripts, and the fields of their hashes.

While processes are replaced those of a newer release write here, too: what it adds behind what this
one knows is left out, and values that it alone knows are read as the nearest known one.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from neartalk.push import PushSubscription
from neartalk.redis import Script, named, script
from presence.door_holder import packed, unpacked
from presence.geo import Roughness, Tile
from presence.registry.contract import TileSnapshot
from presence.values import (
    Left,
    PendingPlace,
    Person,
    Session,
    Timing,
    person_id_of,
    place_of,
    unheld_ms,
)

LUA = Path(__file__).parent / "lua"
# `status` renews it for each subscribed tile, and subscribers reap its people. A tile without
# subscribers expires with the last people in it.
TILE_KEEP_MS = 600_000


def tile_keep_ms() -> int:
    """The same where people may be away in a tile: as long as they are, at least."""
    away_ms = unheld_ms(reachable=True) if settings.VAPID_PRIVATE_KEY else 0
    return max(TILE_KEEP_MS, away_ms)


def scripts_of(*names: str) -> dict[str, Script]:
    return {name: script(LUA / f"{name}.lua") for name in names}


def session_key(digest: str) -> str:
    return person_session_key(person_id_of(digest))


def person_session_key(person_id: str) -> str:
    """By which a session is found from its public side; its digest stands in it."""
    return named(f"session:{person_id}")


def people_key(tile: Tile) -> str:
    return named(f"{{{tile}}}:people")


def held_key(process: str) -> str:
    """The ids of those whom a process holds; of others too, where a step was lost.
    A sorted set without an order."""
    return named(f"held:{process}")


def paired(flat_fields: list[str]) -> dict[str, str]:
    """A Lua script hands a hash over as field, value, field, value."""
    each = iter(flat_fields)
    return dict(zip(each, each, strict=True))


def flat(fields: Mapping[str, Any]) -> list[Any]:
    return [part for pair in fields.items() for part in pair]


def to_fields(session: Session) -> dict[str, Any]:
    person = session.person
    return {
        "person_id": person.person_id,
        "name": person.name,
        "cell": person.cell,
        "radius_m": person.radius_m,
        "roughness": person.roughness,
        "version": person.version,
        "process": person.process,
        "until_ms": packed(person.until_ms, person.door),
        "reachable": "1" if person.reachable else "",
        "renames_left": session.renames_left,
        "placed_ms": session.placed_ms,
        "cell_ms": session.cell_ms,
        # With the cell that it is of: the release before moves people and leaves it as it was.
        # Two reaches of the past stood before it, which a process that still asks for them finds.
        "timing": json.dumps([*session.timing, [person.radius_m], [], person.cell]),
        "trail": json.dumps(session.recent_tiles),
        "note": session.note,
        "digest": session.digest,
        "opened_ms": session.opened_ms,
        "device": session.device,
        "origin": session.origin,
        "blocked": "".join(f"{id}:0 " for id in session.blocked),
        "blocked_by": "".join(f"{id}:{since} " for id, since in session.blocked_by.items()),
    }


NO_TIMING = json.dumps([*Timing(), None])
PERSON_FIELDS = str.split(
    "person_id name cell radius_m version process until_ms roughness reachable"
)


def to_person(fields: Mapping[str, str]) -> Person:
    until_ms, door = unpacked(fields["process"], int(fields["until_ms"]))
    return Person(
        fields["person_id"],
        fields["name"],
        fields["cell"],
        int(fields["radius_m"]),
        # A session that the release before opened has none.
        Roughness.kept(fields.get("roughness")),
        int(fields["version"]),
        fields["process"],
        until_ms,
        door=door,
        reachable=fields.get("reachable") == "1",
    )


def from_fields(fields: Mapping[str, str]) -> Session:
    person = to_person(fields)
    trail = tuple(Left(one[0], int(one[1])) for one in json.loads(fields["trail"]))
    return Session(
        fields["digest"],
        person,
        int(fields["renames_left"]),
        int(fields["placed_ms"]),
        trail,
        fields["note"],
        int(fields["opened_ms"]),
        fields["device"],
        fields["origin"],
        frozenset(since_by_id(fields["blocked"])),
        since_by_id(fields["blocked_by"]),
        # One that the release before opened has none: then by the latest that it can be.
        int(fields.get("cell_ms", fields["placed_ms"])),
        timing_of(fields),
    )


def to_push(push: PushSubscription) -> str:
    return json.dumps(push)


def push_from(field: str | None) -> PushSubscription | None:
    """What a newer release adds is left out."""
    return PushSubscription(*json.loads(field)[:4]) if field else None


def timing_of(fields: Mapping[str, str]) -> Timing:
    read = json.loads(fields.get("timing", NO_TIMING))
    moved_ms, spaced_ms, pending, _, _, cell, *_ = read
    if cell != fields["cell"]:
        # The release before opened it, or moved it.
        return Timing(int(fields["placed_ms"]))
    if pending:
        place, due_ms, slow_ms, quick_ms, limit_ms, later, *newer = pending
        following = place_of(later) if later else None
        moments = due_ms, slow_ms, quick_ms, limit_ms
        # The release before writes nothing more, and a newer one may write something else.
        next_ms = newer[0] if newer and isinstance(newer[0], int) else 0
        pending = PendingPlace(place_of(place), *moments, following, next_ms)
    return Timing(moved_ms, spaced_ms, pending)


def since_by_id(field: str) -> dict[str, int]:
    """Person ids, each with the milliseconds that stand behind it."""
    entries = (one.split(":") for one in field.split(" ") if one)
    return {id: int(ms) for id, ms, *_ in entries}


def to_entry(person: Person) -> str:
    """A person in a tile. A block is not named: the release before reads an entry without."""
    place, held = person.place, (person.process, packed(person.until_ms, person.door))
    rough: list[str | int] = [] if place.roughness == Roughness.BLOCK else [place.roughness]
    if person.reachable:
        rough = [place.roughness, 1]
    return json.dumps([person.version, person.name, *place.circle, *held, *rough])


def snapshot_of(fields: Mapping[str, str]) -> TileSnapshot:
    people = {}
    for key, entry in fields.items():
        # Beside people and the count there may be what only a newer release knows.
        if entry.startswith("["):
            version, name, cell, radius_m, process, kept, *rough = json.loads(entry)
            id, _, left = key.partition("~")
            until_ms, door = unpacked(process, kept)
            people[key] = Person(
                id,
                name,
                *place_of([cell, radius_m, *rough]),
                version,
                process,
                until_ms,
                lingers=bool(left),
                door=door,
                reachable=rough[1:2] == [1],
            )
    return TileSnapshot(int(fields.get("v", 0)), people)
