"""manage.py whoisnear: whom somebody in a place would be shown."""

import asyncio
import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from neartalk.codes import Refused
from neartalk.management.output import add_json, render_rows
from neartalk.redis import open_store
from presence.delivery import panel
from presence.geo import (
    CELL_LEVEL,
    RADIUS_MAX_M,
    RADIUS_MIN_M,
    Cell,
    capped_radius_m,
    cell_at,
    label_of,
    parent,
    published_point,
)
from presence.guest import VisitRefused, guest
from presence.registry import RedisRegistry, Registry
from presence.roster import SHOWN_MAX, Listing, load_nearby
from presence.values import Place

TIMEOUT_S = 10.0
NAME = "whoisnear"
# As GET /api/nearby has it: `{count, people: [{person_id, username, distance}]}`.
Found = Mapping[str, Any]


class Command(BaseCommand):
    help = (
        "Lists whom somebody in a place would be shown: how many are in range, and of the nearest "
        f"{SHOWN_MAX} the name, the id and about how far they are. It tells nothing that a visitor "
        "there would not see. In the shared form it reads who is here from Redis, and nobody "
        "notices. In the embedded form (no REDIS_URL) only the server itself knows: with --url, "
        f"a visitor called {NAME} goes there and leaves at once, and people in range see them for "
        "half a minute, as whoever looks is seen."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "where",
            nargs="+",
            metavar="PLACE",
            help="latitude and longitude in degrees, such as 52.52 13.405, or a geohash of 7 "
            "characters or more",
        )
        parser.add_argument(
            "--radius",
            type=reach,
            default=500,
            metavar="M",
            help=f"how far they reach, {RADIUS_MIN_M} to {RADIUS_MAX_M} metres (500)",
        )
        parser.add_argument(
            "--url", help="visits this server instead, such as http://localhost:8080"
        )
        add_json(parser)

    def handle(self, *args: Any, where: list[str], radius: int, **options: Any) -> None:
        cell = cell_of(where)
        place = Place(cell, capped_radius_m(cell, radius))
        url = options["url"]
        if not url and not settings.REDIS_URLS:
            raise CommandError(
                "Without REDIS_URL, who is here stands in the memory of the server alone. "
                f"--url http://localhost:8080 asks it, by a visitor called {NAME} whom people "
                "there see for half a minute."
            )
        try:
            found = visited(url, place) if url else asyncio.run(read(place))
        except VisitRefused as why:
            raise CommandError(str(why)) from why
        except Refused as lost:
            raise CommandError("Redis does not answer.") from lost
        if options["json"]:
            self.stdout.write(render_rows([{"radius": place.radius_m, **found}], as_json=True))
        else:
            self.stdout.write(page(place, found))


async def read(place: Place) -> Found:
    """As Redis has it. Raises Refused: `store-unavailable`."""
    client = open_store()
    try:
        return await near(RedisRegistry(client), place)
    finally:
        await client.aclose()


async def near(registry: Registry, place: Place) -> Found:
    """Whom a registry shows to a stranger there, who is not shown themselves."""
    found = await load_nearby(registry, place)
    nearest = [*Listing.of(found).people.values()][:SHOWN_MAX]
    people = [panel.listed(one) for one in nearest]
    return {"count": found.count, "people": people}


def visited(url: str, place: Place) -> Found:
    """The answer of a server to a visitor there. Raises VisitRefused."""
    lat, lon = published_point(place.cell)
    with guest(url, NAME, timeout_s=TIMEOUT_S) as me:
        me.call("POST", "/api/location/update", lat=lat, lon=lon, radius=place.radius_m)
        return me.call("GET", "/api/nearby")


def page(place: Place, found: Found) -> str:
    people, count = found["people"], found["count"]
    rows = [
        {"name": one["username"], "person": one["person_id"], "distance": one["distance"]}
        for one in people
    ]
    within = f"within {label_of(place.radius_m).removeprefix('~')}"
    if not rows:
        return f"Nobody is in range {within}."
    some = f", the nearest {len(rows)} of them" if len(rows) < count else ""
    are = "person is" if count == 1 else "people are"
    head = f"{count:,} {are} in range {within}{some}:"
    return f"{head}\n\n{render_rows(rows, as_json=False)}"


def cell_of(where: Sequence[str]) -> Cell:
    """Raises CommandError."""
    try:
        match where:
            case [geohash] if len(geohash) >= CELL_LEVEL:
                cell = parent(geohash, CELL_LEVEL).lower()
                return cell_at(*published_point(cell))
            case [lat, lon]:
                return cell_at(*map(degrees, (lat, lon)))
    except ValueError as why:
        raise CommandError(f"{' '.join(where)} is no place: {why}") from why
    raise CommandError("Where? Latitude and longitude, or a geohash of 7 characters or more.")


def degrees(text: str) -> float:
    found = float(text.rstrip(","))
    if not math.isfinite(found):
        raise ValueError("not a number of degrees")
    return found


def reach(text: str) -> int:
    if not text.isdecimal() or not RADIUS_MIN_M <= (metres := int(text)) <= RADIUS_MAX_M:
        raise ArgumentTypeError(f"whole metres from {RADIUS_MIN_M} to {RADIUS_MAX_M}")
    return metres
