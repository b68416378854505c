"""People as developers' clients know them: a session with a place, and the messages it sends."""

import re
from argparse import ArgumentTypeError
from dataclasses import dataclass, field
from typing import NamedTuple

import pygeohash

from neartalk.devtools import Api, begin_session
from presence.geo import (
    CELL_LEVEL,
    BeyondLatitude,
    cell_at,
    in_range,
    is_beside,
    published_point,
)
from presence.values import Place

# From 5 characters on, 5 km, a geohash names a place to stand.
GEOHASH = re.compile(r"[0-9b-hjkmnp-z]{5,12}")


class Visitor(NamedTuple):
    """One session and where it stands."""

    key: str
    person_id: str
    name: str
    place: Place


@dataclass(slots=True)
class Sent:
    """A message that somebody (`by`) sends: pending until its `id` or `refused` is known. `refers`
    are the fields that say what it answers, and whom it mentions."""

    text: str
    ref: str
    by: Visitor
    at_s: float
    id: str = ""
    acked_s: float = 0.0
    refused: str = ""
    refers: dict[str, str | list[str]] = field(default_factory=dict)


def sent_ms(message_id: str) -> int:
    """When the store kept a message, by the store's clock."""
    return int(message_id.partition("-")[0])


def spot_of(text: str) -> tuple[float, float]:
    """Latitude and longitude of "52.52,13.405" or of a geohash, as commands are given a place.

    Raises ArgumentTypeError for anything else.
    """
    try:
        if GEOHASH.fullmatch(text):
            return published_point(pygeohash.encode(*pygeohash.decode(text), CELL_LEVEL))
        lat, _, lon = text.partition(",")
        return published_point(cell_at(float(lat), float(lon)))
    except BeyondLatitude as why:
        raise ArgumentTypeError(f"{text} is {why}, where nobody can be") from why
    except ValueError as why:
        words = f"{text} is neither LAT,LON such as 52.52,13.405 nor a geohash such as u33dc0q"
        raise ArgumentTypeError(words) from why


def in_reach(a: Place, b: Place) -> bool:
    """Whether two places are in range of each other."""
    return in_range(a.cell, a.radius_m, b.cell, b.radius_m)


def may_read(reader: Place, said: Place) -> bool:
    """Whether a reader is shown what was said at a place before they came."""
    return is_beside(reader.cell, said.square, min(reader.radius_m, said.radius_m))


async def arrive(api: Api, spot: tuple[float, float], radius_m: int) -> Visitor:
    """A new session with a place, and no socket yet. Raises Denied, httpx.HTTPError."""
    session = await begin_session(api)
    lat, lon = published_point(cell_at(*spot))
    answer = await api.call(
        "POST", "/api/location/update", session["session_id"], lat=lat, lon=lon, radius=radius_m
    )
    place = Place(answer["cell"], answer["radius"])
    return Visitor(session["session_id"], session["person_id"], session["username"], place)
