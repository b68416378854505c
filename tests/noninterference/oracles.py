"""What two worlds must have in common, and what must stand nowhere in one.

Each oracle returns a line for each fault, with who read it, where and what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tests.noninterference.scene import ELSEWHERE, FINER, HERE, SHIFTED

Found = dict[str, Any]
World = dict[str, Any]

AROUND = 60

# What signs a push: no two signatures of the same are alike.
SIGNED = re.compile(r"(?<=\.)[\w-]{86}(?=,k=)")
# Where Python keeps objects.
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
# How the process fares, as the kernel tells it; and times of the one thing that runs by its clock.
OF_THE_MACHINE = re.compile(r"(# (HELP|TYPE) )?process_\w+.*\\n|[^\n]*process_\w+ [^\n]*\n")
# Where `manage.py stats` asks the server of its machine.
OWN_SERVER = "('127.0.0.1', 8080)"
# A number with three digits after the point or more: a coordinate has them.
DECIMAL = re.compile(r"-?\d{1,3}\.\d{3,}")
NEAR_DEGREES = 0.5
DISTRICT = 5
PIECE = 8


# How often a store was asked follows the tiles that people happen to share, and so do marks, which
# stay where tiles are added.
OF_TILES = re.compile(r"(?<=_seconds_)(\w+\{[^}]*store=[^}]*\}) [\d.e+-]+|(?<=neartalk_tiles) \d+")
MARK = re.compile(
    r'\{"type":"mark","mark":\d+\}'
    r'|<div id="signals"[^>]*><data class="mark"[^>]*></data></div>'
)
# Where the list of a cohort begins to count is chance, and a change that says nothing tells that
# somebody in the very same cell came or went: who shares a cell shares the list.
VERSION = re.compile(r"(?<=version)(\W{1,3})\d{1,10}")
CHANGE = re.compile(r'\{"type":"people.changed"|<ul id="people-list" hx-swap-oob="beforeend"')
LEFT = re.compile(r'data-left="([^"]*)"')
ROW = re.compile(r"<li .*?</li>", re.DOTALL)
# What of a person memory keeps after all is over, and why; of a place, nothing finer than an area.
KEPT = re.compile(
    r"allowances\.tats_ms"  # what they may not do again yet; swept as the table grows
    r"|hub\.(turns|asked_away)\.meters"  # the same of doors in voice that turn, and of asking
    r"|records\.activity\.areas"  # whom the hour has counted; gone with the hour
    r"|sanctions\."  # mutes and bans in force
)
KEPT_TILES = re.compile(
    r"tiles\.versions"  # how often a tile changed, whoever was there
    r"|'cache'\]\['?:1:report-tile"  # Django's cache in memory drops what is over once it is asked
)


def plain(one: Found) -> str:
    text: str = one["text"]
    text = SIGNED.sub("", text) if "vapid t=" in text else text
    text = ADDRESS.sub("0x", text) if "0x" in text else text
    return OF_THE_MACHINE.sub("", text) if "process_" in text else text


def faults_of(worlds: Mapping[str, World]) -> dict[str, list[str]]:
    """What each oracle finds in the worlds of one seed, of which `here` is one; nothing, where
    nothing leaks."""
    here = worlds[HERE]
    found = {
        "places": traces_of_places(here),
        "keys": traces_of_keys(here),
        "what is over": traces_of_the_gone(here),
        "files": files_written(here),
    }
    for kind, (oracle, watched) in WATCHED.items():
        if kind in worlds:
            found[oracle] = differences(here, worlds[kind], watched=watched)
    return {oracle: faults for oracle, faults in found.items() if faults}


# ---- Two worlds ------------------------------------------------------------------------------


Watched = Callable[[World], Iterator[tuple[Found, str]]]


def everything(world: World) -> Iterator[tuple[Found, str]]:
    for one in world["found"]:
        yield one, plain(one)


def further_east(world: World) -> Iterator[tuple[Found, str]]:
    """All but memory, which has cells, and what follows from the order of tiles."""
    for one in world["found"]:
        if one["who"] != "memory" and not MARK.fullmatch(one["text"]):
            text = own_cell_out(plain(one), world)
            yield {**one, "turns": 0}, OF_TILES.sub(r"\1", text)


def finer(world: World) -> Iterator[tuple[Found, str]]:
    """What people read of each other, and push services of them. Changes of lists come by periods
    of seconds, which those who share a cell share: of them counts what they say of each person, not
    in which and how many."""
    said: set[tuple[str, str]] = set()
    for one, text in further_east(world):
        if not one["who"].startswith(("person", "push service")):
            continue
        if CHANGE.match(text):
            said |= {(one["who"], each) for each in entries(text)}
        else:
            yield one, VERSION.sub(r"\1", text)
    for who, each in sorted(said):
        yield {"who": who, "what": "changes", "at_ms": 0, "turns": 0}, each


def entries(change: str) -> Iterator[str]:
    """What a change says of each person, in either form."""
    if change.startswith("{"):
        told = json.loads(change)
        yield from (f"left {person_id}" for person_id in told["left"])
        yield from (f"shown {one}" for one in (*told["came"], *told["changed"]))
    else:
        for left in LEFT.findall(change):
            yield from (f"left {person_id}" for person_id in left.split())
        yield from (f"shown {row}" for row in ROW.findall(change))


WATCHED: dict[str, tuple[str, Watched]] = {
    ELSEWHERE: ("another point in the cell", everything),
    FINER: ("other cells, the same labels", finer),
    SHIFTED: ("the scene further east", further_east),
}


def differences(here: World, there: World, *, watched: Watched = everything) -> list[str]:
    """What is not the same in two worlds for anybody who reads them: a text, the order, the time,
    or how many turns of the loop an answer took."""
    first, second = by_reader(watched(here)), by_reader(watched(there))
    faults = [f"only in one: {one}" for one in sorted(first.keys() ^ second.keys())]
    for reader in sorted(first.keys() & second.keys()):
        for (a, left), (b, right) in zip(first[reader], second[reader], strict=False):
            if left != right or any(a[key] != b[key] for key in ("who", "what", "at_ms", "turns")):
                faults.append(described(a, b, left, right))
                break
        else:
            if (many := len(first[reader])) != len(second[reader]):
                faults.append(f"{reader} reads {many} here, {len(second[reader])} there")
    return faults


def by_reader(found: Iterator[tuple[Found, str]]) -> dict[str, list[tuple[Found, str]]]:
    """What each reads, in its order. Who of several is written to first, nobody can see."""
    each: dict[str, list[tuple[Found, str]]] = {}
    for one, text in found:
        each.setdefault(f"{one['who']} {one['what'].partition(' ')[0]}", []).append((one, text))
    return each


def described(a: Found, b: Found, left: str, right: str) -> str:
    at = first_difference(left, right)
    here = f"{a['who']}, {a['what']}, {a['at_ms']} ms, {a['turns']} turns: {around(left, at)}"
    there = f"{b['who']}, {b['what']}, {b['at_ms']} ms, {b['turns']} turns: {around(right, at)}"
    return f"here  {here}\n    there {there}"


def first_difference(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))


def around(text: str, at: int) -> str:
    return repr(text[max(0, at - AROUND) : at + AROUND])


def own_cell_out(text: str, world: World) -> str:
    """Of an answer to a person, their own cell, which they told themselves."""
    for cell in cells(world):
        text = text.replace(f'"cell": "{cell}"', '"cell": "the own"')
    return text


# ---- One world -------------------------------------------------------------------------------


def cells(world: World) -> list[str]:
    return [one["cell"] for one in world["people"] if "cell" in one]


def persons(world: World) -> list[dict[str, str]]:
    return [one for one in world["people"] if "key" in one]


def traces_of_places(world: World) -> list[str]:
    """Geohashes of five characters or more of anybody's cell, and coordinates near them, wherever
    they stand but in memory and in one's own answer."""
    districts = {cell[:DISTRICT] for cell in cells(world)}
    near = [one["centre"] for one in world["people"] if "cell" in one]
    faults = []
    for one in world["found"]:
        if one["who"] in {"memory", "history"}:
            continue
        text = own_cell_out(plain(one), world)
        faults += [trace(one, text, geohash) for geohash in districts if geohash in text.lower()]
        faults += [trace(one, text, number) for number in coordinates(text, near)]
    return faults


def coordinates(text: str, near: Iterable[tuple[float, float]]) -> Iterator[str]:
    degrees = {value for place in near for value in place}
    low, high = min(degrees), max(degrees)
    for number in DECIMAL.findall(text):
        value = float(number)
        if low - NEAR_DEGREES <= value <= high + NEAR_DEGREES and any(
            abs(value - one) < NEAR_DEGREES for one in degrees
        ):
            yield number


def traces_of_keys(world: World) -> list[str]:
    """Keys of sessions and their digests, or a good part of one, where anybody but the person reads
    them. Memory has digests while a session lives, and no key ever."""
    read: dict[str, list[str]] = {}
    for one in world["found"]:
        read.setdefault(one["who"], []).append(one["text"])
    texts = {who: "\n".join(each) for who, each in read.items()}
    faults = []
    for person in persons(world):
        for secret, in_memory in ((person["key"], False), (person["digest"], True)):
            known = {person["name"], *(["memory"] if in_memory else [])}
            for who in texts.keys() - known:
                for at in range(0, len(secret) - PIECE + 1, PIECE // 2):
                    piece = secret[at : at + PIECE]
                    if piece in texts[who]:
                        where = texts[who].index(piece)
                        faults.append(f"{piece!r} in what {who} reads: {around(texts[who], where)}")
    return faults


def traces_of_the_gone(world: World) -> list[str]:
    """What memory still holds of anybody once all sessions and messages are over: ids, digests and
    places, but for what is KEPT."""
    ids = {one[name] for one in persons(world) for name in ("key", "digest", "person_id")}
    districts = {cell[:DISTRICT] for cell in cells(world)}
    faults = []
    for one in world["found"]:
        if one["what"] == "memory when all is over":
            text = one["text"]
            wanted = [*([] if KEPT.search(text) else ids)]
            wanted += [] if KEPT_TILES.search(text) else districts
            faults += [trace(one, text, each) for each in wanted if each in text]
    return faults


def files_written(world: World) -> list[str]:
    """The product writes rows, and no file; nor does it speak to anybody it was not told of."""
    done = [one for one in world["found"] if one["who"] == "machine"]
    return [f"{one['what']} {one['text']}" for one in done if OWN_SERVER not in one["text"]]


def trace(one: Found, text: str, secret: str) -> str:
    at = max(0, text.lower().find(secret.lower()))
    return f"{secret!r} in {one['who']}, {one['what']}: {around(text, at)}"


def load(path: str) -> World:
    with open(path) as file:  # noqa: PTH123
        found: World = json.load(file)
    return found
